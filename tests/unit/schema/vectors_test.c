#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "schema/base/box.h"
#include "schema/base/encode.h"
#include "schema/base/file.h"
#include "schema/base/json.h"
#include "schema/wire/chain.h"
#include "schema/wire/message.h"
#include "schema/wire/topic.h"

/* MYNA_VECTORS is the folder tests/vectors: what any other implementation has to agree with. */

static struct json *load(const char *path)
{
    struct json *json = NULL;
    uint8_t *data = NULL;
    size_t size;
    char problem[160];

    if (file_read(path, 1 << 20, &data, &size) != STATUS_OK)
        fail_msg("cannot read %s", path);
    if (json_parse(span_of(data, size), &json, problem) != STATUS_OK)
        fail_msg("%s: %s", path, problem);
    free(data);
    return json;
}

static const char *text_of(const struct json *object, const char *name)
{
    const char *text = json_text(json_member(object, name), NULL);

    if (!text)
        fail_msg("no member \"%s\"", name);
    return text;
}

/* The bytes of a member in hex; the caller frees the block. */
static struct span bytes_of(const struct json *object, const char *name)
{
    const char *hex = text_of(object, name);
    size_t room = strlen(hex) / 2 + 1, size = 0;
    uint8_t *bytes = malloc(room);

    assert_non_null(bytes);
    assert_int_equal(encode_from_hex(span_text(hex), bytes, room, &size), STATUS_OK);
    return span_of(bytes, size);
}

static void drop(struct span bytes)
{
    free((void *)bytes.data);
}

static void copy_key(const struct json *object, const char *name, uint8_t *out, size_t size)
{
    struct span bytes = bytes_of(object, name);

    assert_int_equal(bytes.size, size);
    memcpy(out, bytes.data, size);
    drop(bytes);
}

static void assert_box(const struct box_pair *pair, const struct json *row)
{
    bool is_up = strcmp(text_of(row, "direction"), "up") == 0;
    struct span box = bytes_of(row, "box");
    uint8_t *out = malloc(box.size + 1);
    size_t size = 0;

    assert_non_null(out);
    enum status status = box_open(pair, is_up ? BOX_UP : BOX_DOWN,
                                  (uint8_t)json_int(json_member(row, "type"), 0), box, out, &size);
    const char *wanted = text_of(row, "status");
    if (strcmp(wanted, "ok") == 0)
        wanted = status_text(STATUS_OK);
    else if (strcmp(wanted, "invalid") == 0)
        wanted = status_text(STATUS_INVALID);
    else if (strcmp(wanted, "forged") == 0)
        wanted = status_text(STATUS_FORGED);
    if (strcmp(status_text(status), wanted) != 0)
        fail_msg("%s: %s", text_of(row, "why"), status_text(status));
    if (status == STATUS_OK) {
        struct span plain = bytes_of(row, "plain");

        assert_true(span_equal(span_of(out, size), plain));
        drop(plain);
    }
    free(out);
    drop(box);
}

static void boxes_open_as_the_vectors_say(void **state)
{
    struct json *json = load(MYNA_VECTORS "/boxes.json");
    const struct json *boxes = json_member(json, "boxes");
    struct box_pair pair = {0};

    (void)state;
    assert_int_equal(
        span_to_text(span_text(text_of(json, "device_id")), pair.device_id, sizeof pair.device_id),
        STATUS_OK);
    copy_key(json, "device_public", pair.device_public, PKI_X25519_SIZE);
    copy_key(json, "server_public", pair.server_public, PKI_X25519_SIZE);
    copy_key(json, "secret", pair.secret, PKI_X25519_SIZE);
    assert_true(json_count(boxes) > 10);
    for (size_t i = 0; i < json_count(boxes); i++)
        assert_box(&pair, json_item(boxes, i));
    json_free(json);
}

static void both_private_keys_of_the_vectors_agree_on_their_secret(void **state)
{
    struct json *json = load(MYNA_VECTORS "/boxes.json");
    uint8_t device[32], device_public[32], server[32], server_public[32], secret[32], got[32];

    (void)state;
    copy_key(json, "device_private", device, 32);
    copy_key(json, "device_public", device_public, 32);
    copy_key(json, "server_private", server, 32);
    copy_key(json, "server_public", server_public, 32);
    copy_key(json, "secret", secret, 32);
    assert_int_equal(pki_agree(device, server_public, got), STATUS_OK);
    assert_memory_equal(got, secret, 32);
    assert_int_equal(pki_agree(server, device_public, got), STATUS_OK);
    assert_memory_equal(got, secret, 32);
    json_free(json);
}

static enum message_type type_named(const char *name)
{
    static const char *const names[] = {
        [MESSAGE_HELLO] = "hello",           [MESSAGE_USAGE_BATCH] = "usage_batch",
        [MESSAGE_REPORT] = "report",         [MESSAGE_REPLY] = "reply",
        [MESSAGE_PRESENCE] = "presence",     [MESSAGE_STATE] = "state",
        [MESSAGE_CONFIG] = "config",         [MESSAGE_CONFIG_CONTENT] = "config_content",
        [MESSAGE_COMMAND] = "command",       [MESSAGE_USAGE_RECORD] = "usage_record",
        [MESSAGE_KEPT_TRIAL] = "kept_trial",
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return (enum message_type)i;
    fail_msg("no message type \"%s\"", name);
    return MESSAGE_HELLO;
}

union any_message {
    wire_Hello hello;
    wire_UsageBatch usage_batch;
    wire_Report report;
    wire_Reply reply;
    wire_Presence presence;
    wire_State state;
    wire_Config config;
    wire_ConfigContent config_content;
    wire_Command command;
    wire_UsageRecord usage_record;
    wire_KeptTrial kept_trial;
};

static void assert_message(const struct json *row, union any_message *message, uint8_t *again)
{
    enum message_type type = type_named(text_of(row, "type"));
    bool good = json_bool(json_member(row, "good"), false);
    struct span bytes = bytes_of(row, "bytes");
    size_t size = 0;

    enum status status = message_decode(type, bytes, message);
    if (status != (good ? STATUS_OK : STATUS_INVALID))
        fail_msg("%s, %s: %s", text_of(row, "type"), text_of(row, "why"), status_text(status));
    if (good) {
        struct span wanted = bytes_of(row, json_member(row, "again") ? "again" : "bytes");

        assert_int_equal(message_encode(type, message, again, LIMIT_MESSAGE_BYTES, &size),
                         STATUS_OK);
        if (!span_equal(span_of(again, size), wanted))
            fail_msg("%s, %s: encodes to something else", text_of(row, "type"),
                     text_of(row, "why"));
        drop(wanted);
    }
    drop(bytes);
}

static void messages_decode_as_the_vectors_say_and_encode_to_the_same_bytes(void **state)
{
    struct json *json = load(MYNA_VECTORS "/messages.json");
    const struct json *messages = json_member(json, "messages");
    union any_message *message = malloc(sizeof *message);
    uint8_t *again = malloc(LIMIT_MESSAGE_BYTES);

    (void)state;
    assert_non_null(message);
    assert_non_null(again);
    assert_true(json_count(messages) > 40);
    for (size_t i = 0; i < json_count(messages); i++)
        assert_message(json_item(messages, i), message, again);
    free(again);
    free(message);
    json_free(json);
}

static void assert_chain(const struct json *row)
{
    const struct json *records = json_member(row, "records");
    const struct json *hashes = json_member(row, "hashes");
    struct chain_parent parent = {.seq = (uint64_t)json_int(json_member(row, "parent_seq"), 0)};
    uint8_t journal_id[16], hash[CRYPTO_HASH_SIZE];
    char text[2 * CRYPTO_HASH_SIZE + 1];

    copy_key(row, "parent_id", parent.id, sizeof parent.id);
    copy_key(row, "parent_hash", parent.hash, sizeof parent.hash);
    copy_key(row, "journal_id", journal_id, sizeof journal_id);
    chain_start(text_of(row, "device_id"), journal_id, &parent, hash);
    for (size_t i = 0; i <= json_count(records); i++) {
        assert_int_equal(encode_hex(span_of(hash, sizeof hash), text, sizeof text), STATUS_OK);
        assert_string_equal(text, json_text(json_item(hashes, i), ""));

        const char *hex = json_text(json_item(records, i), "");
        uint8_t record[LIMIT_RECORD_BYTES];
        size_t size = 0;
        assert_int_equal(encode_from_hex(span_text(hex), record, sizeof record, &size), STATUS_OK);
        chain_next(hash, span_of(record, size));
    }
}

static void journals_hash_as_the_vectors_say(void **state)
{
    struct json *json = load(MYNA_VECTORS "/chains.json");
    const struct json *chains = json_member(json, "chains");

    (void)state;
    assert_int_equal(json_count(chains), 2);
    for (size_t i = 0; i < json_count(chains); i++)
        assert_chain(json_item(chains, i));
    json_free(json);
}

static void assert_topic(const struct json *row)
{
    const char *topic = text_of(row, "topic");
    const char *device = json_text(json_member(row, "device"), NULL);
    char id[LIMIT_SLUG + 1] = "untouched", made[TOPIC_SIZE];
    enum topic_kind kind = TOPIC_STATE;

    enum status status = topic_parse(span_text(topic), id, &kind);
    if (status != (device ? STATUS_OK : STATUS_INVALID))
        fail_msg("\"%s\": %s", topic, status_text(status));
    if (!device) {
        assert_string_equal(id, "untouched");
        return;
    }
    assert_string_equal(id, device);
    assert_string_equal(topic_kind_name(kind), text_of(row, "kind"));
    topic_make(made, device, kind);
    assert_string_equal(made, topic);
}

static void topics_are_taken_apart_as_the_vectors_say(void **state)
{
    struct json *json = load(MYNA_VECTORS "/topics.json");
    const struct json *topics = json_member(json, "topics");

    (void)state;
    assert_true(json_count(topics) > 30);
    for (size_t i = 0; i < json_count(topics); i++)
        assert_topic(json_item(topics, i));
    json_free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boxes_open_as_the_vectors_say),
        cmocka_unit_test(both_private_keys_of_the_vectors_agree_on_their_secret),
        cmocka_unit_test(messages_decode_as_the_vectors_say_and_encode_to_the_same_bytes),
        cmocka_unit_test(journals_hash_as_the_vectors_say),
        cmocka_unit_test(topics_are_taken_apart_as_the_vectors_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
