#include "server/store/rollout_key.h"

enum status rollout_key_hold(struct store_conn *conn, const struct rollout_steps_row *row)
{
    STORE_STATEMENT(hold, "SELECT 1 FROM myna.rollout r JOIN myna.vendor v"
                          " ON v.vendor_id = r.key_vendor AND v.key_number = r.key_number"
                          " WHERE r.rollout_id = $1 AND v.next_key_wrapped IS NOT NULL"
                          " AND v.next_key_share = 0 FOR NO KEY UPDATE OF v");
    struct result result;

    if (!row->is_key)
        return STATUS_OK;
    enum status status =
        store_exec(conn, &hold, STORE_VALUES(value_text(row->rollout_id)), &result);
    if (status != STATUS_OK)
        return status;
    status = result_count(&result) > 0 ? STATUS_OK : STATUS_NOT_FOUND;
    result_release(&result);
    return status;
}

enum status rollout_key_give(struct store_conn *conn, const struct rollout_steps_row *row,
                             const char *const *ids, size_t count)
{
    /* again: to whom it was given before by this rollout, or by another that it has been through */
    STORE_STATEMENT(
        give, "INSERT INTO myna.vendor_key_device AS k (vendor_id, device_id, generation, given_by)"
              " SELECT r.key_vendor, l.device_id, l.desired_generation, r.rollout_id"
              " FROM myna.rollout r, myna.device_link l"
              " WHERE r.rollout_id = $1 AND l.device_id = ANY ($2)"
              " ON CONFLICT (vendor_id, device_id) DO UPDATE SET generation = excluded.generation,"
              "  had = CASE WHEN k.given_by = excluded.given_by THEN k.had"
              "        ELSE NOT k.is_kept_back END,"
              "  is_kept_back = false, given_by = excluded.given_by");
    STORE_STATEMENT(since, "UPDATE myna.vendor SET next_key_at = now(), version = version + 1"
                           " WHERE next_key_at IS NULL AND vendor_id = (SELECT r.key_vendor"
                           "  FROM myna.rollout r WHERE r.rollout_id = $1)");
    const struct value id = value_text(row->rollout_id);

    if (!row->is_key)
        return STATUS_OK;
    enum status status =
        store_exec(conn, &give, STORE_VALUES(id, value_text_array(ids, count)), NULL);
    return status == STATUS_OK ? store_exec(conn, &since, STORE_VALUES(id), NULL) : status;
}

enum status rollout_key_take(struct store_conn *conn, const struct rollout_steps_row *row,
                             const char *const *ids, size_t count, bool has_failed)
{
    STORE_STATEMENT(keep, "UPDATE myna.vendor_key_device k SET is_kept_back = NOT k.had,"
                          "  generation = l.desired_generation"
                          " FROM myna.rollout r, myna.device_link l WHERE r.rollout_id = $1"
                          "  AND k.vendor_id = r.key_vendor AND k.device_id = l.device_id"
                          "  AND l.device_id = ANY ($2)");
    STORE_STATEMENT(restore, "UPDATE myna.vendor_key_device k SET given_by = NULL, had = false,"
                             "  is_kept_back = false, generation = l.desired_generation"
                             " FROM myna.rollout r, myna.device_link l WHERE r.rollout_id = $1"
                             "  AND k.vendor_id = r.key_vendor AND k.device_id = l.device_id"
                             "  AND l.device_id = ANY ($2) AND k.given_by = $1 AND k.had");
    STORE_STATEMENT(forget, "DELETE FROM myna.vendor_key_device k USING myna.rollout r"
                            " WHERE r.rollout_id = $1 AND k.vendor_id = r.key_vendor"
                            "  AND k.device_id = ANY ($2) AND k.given_by = $1");
    const struct value id = value_text(row->rollout_id);

    if (!row->is_key)
        return STATUS_OK;
    if (has_failed)
        return store_exec(conn, &keep, STORE_VALUES(id, value_text_array(ids, count)), NULL);
    enum status status =
        store_exec(conn, &restore, STORE_VALUES(id, value_text_array(ids, count)), NULL);
    return status == STATUS_OK
               ? store_exec(conn, &forget, STORE_VALUES(id, value_text_array(ids, count)), NULL)
               : status;
}

enum status rollout_key_cover(struct store_conn *conn, const struct rollout_steps_row *row)
{
    STORE_STATEMENT(end, "UPDATE myna.vendor v SET next_key_share = CASE WHEN r.group_id IS NULL"
                         "   THEN 1 ELSE v.next_key_share END, version = v.version + 1"
                         " FROM myna.rollout r WHERE r.rollout_id = $1"
                         "  AND v.vendor_id = r.key_vendor AND v.key_number = r.key_number"
                         "  AND v.next_key_wrapped IS NOT NULL");
    /* another rollout may have given it to somebody who has come here since */
    STORE_STATEMENT(cover, "INSERT INTO myna.vendor_key_device AS k (vendor_id, device_id)"
                           " SELECT r.key_vendor, d.device_id FROM myna.rollout r"
                           " CROSS JOIN myna.device d JOIN myna.device_link l USING (device_id)"
                           " WHERE r.rollout_id = $1 AND CASE WHEN r.group_id IS NULL"
                           "  THEN d.status IN ('active', 'quarantined') ELSE EXISTS (SELECT"
                           "   FROM myna.rollout_reach t WHERE t.rollout_id = $1"
                           "   AND t.device_id = d.device_id) END"
                           " ON CONFLICT (vendor_id, device_id) DO UPDATE SET had = true"
                           "  WHERE k.given_by <> $1 AND NOT k.is_kept_back");
    const struct value id = value_text(row->rollout_id);

    if (!row->is_key)
        return STATUS_OK;
    enum status status = store_exec(conn, &end, STORE_VALUES(id), NULL);
    return status == STATUS_OK ? store_exec(conn, &cover, STORE_VALUES(id), NULL) : status;
}

enum status rollout_key_note(struct store_conn *conn, const struct rollout_steps_row *row)
{
    /* whom the fleet's layer does not reach now, as it is in quarantine */
    STORE_STATEMENT(touch, "SELECT myna.touch_devices(ARRAY(SELECT k.device_id::text"
                           " FROM myna.vendor_key_device k JOIN myna.rollout r"
                           "  ON r.rollout_id = $1 AND k.vendor_id = r.key_vendor"
                           " WHERE k.generation IS NULL AND NOT EXISTS (SELECT"
                           "  FROM myna.rollout_reach t WHERE t.rollout_id = $1"
                           "  AND t.device_id = k.device_id) ORDER BY 1))");
    STORE_STATEMENT(note, "UPDATE myna.vendor_key_device k SET generation = l.desired_generation"
                          " FROM myna.device_link l, myna.rollout r WHERE r.rollout_id = $1"
                          " AND k.vendor_id = r.key_vendor AND k.generation IS NULL"
                          " AND l.device_id = k.device_id");
    const struct value id = value_text(row->rollout_id);

    if (!row->is_key)
        return STATUS_OK;
    enum status status = store_exec(conn, &touch, STORE_VALUES(id), NULL);
    return status == STATUS_OK ? store_exec(conn, &note, STORE_VALUES(id), NULL) : status;
}
