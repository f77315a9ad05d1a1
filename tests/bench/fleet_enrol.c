/* fleet_enrol.c - enrols many robots without the listener: keys, certificate, folder and the
 * server's own enrolment transaction, by several processes. What it leaves out is HTTP, and a TLS
 * key for each robot: all have one, for the broker looks at nothing but their certificates. Sealing
 * keys are each robot's own.
 *
 * usage: fleet_enrol STATE_DIR DATABASE FOLDER PREFIX ROBOTS BROKER, the claim code in
 * MYNA_ROBOTS_CLAIM
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/identity.h"
#include "schema/base/clock.h"
#include "schema/base/file.h"
#include "server/api/claim_code.h"
#include "server/envelope.h"
#include "server/store/claims.h"
#include "server/store/sealing_keys.h"

#define PROCESSES   8 /* most of it waits for the disk */
#define ROBOTS_MAX  100000
#define ARENA_BYTES ((size_t)64 << 10)

struct office {
    struct authority *authority;
    struct store *store;
    struct arena *arena;
    struct sealing_keys_row server_key;
    uint8_t claim_hash[CRYPTO_HASH_SIZE];
    const char *folder, *prefix, *broker;
    char key_pem[PKI_PEM_SIZE]; /* of every robot */
    char csr_pem[PKI_PEM_SIZE];
    uint8_t key_hash[CRYPTO_HASH_SIZE];
};

struct recruit {
    char folder[1024];
    struct identity identity;
    const char *chain_pem; /* in the arena */
    struct pki_facts facts;
    uint8_t secret_wrapped[PKI_X25519_SIZE + CRYPTO_WRAP_OVERHEAD];
};

static enum status make_keys(const struct office *office, struct recruit *recruit,
                             char problem[256])
{
    char path[1100], key_pem[PKI_PEM_SIZE];

    snprintf(path, sizeof path, "%s/device.key", recruit->folder);
    enum status status = file_make_folder(recruit->folder, 0700);
    if (status == STATUS_OK)
        status = file_replace(path, span_text(office->key_pem), 0600);
    return status == STATUS_OK
               ? identity_make_keys(&recruit->identity, recruit->folder, key_pem, problem)
               : status;
}

static void tell_facts(const struct office *office, struct recruit *recruit)
{
    struct identity *identity = &recruit->identity;
    const struct sealing_keys_row *key = &office->server_key;

    identity->broker_count = 1;
    snprintf(identity->brokers[0], sizeof identity->brokers[0], "%s", office->broker);
    identity->epoch = 1;
    memcpy(identity->server_key.public_key, key->public_key, PKI_X25519_SIZE);
    identity->server_key.valid_from_ms = key->valid_from_ms;
    identity->server_key.signature.size = (pb_size_t)key->signature_size;
    memcpy(identity->server_key.signature.bytes, key->signature, key->signature_size);
    snprintf(identity->server_ca_pem, sizeof identity->server_ca_pem, "%s",
             authority_server_ca(office->authority));
}

static enum status certify(struct office *office, struct recruit *recruit)
{
    struct box_pair pair;
    char purpose[64];
    enum status status = identity_pair(&recruit->identity, office->server_key.public_key, &pair);

    if (status != STATUS_OK)
        return status;
    snprintf(purpose, sizeof purpose, "pair:%s", recruit->identity.device_id);
    status = crypto_wrap(authority_data_key(office->authority), purpose,
                         span_of(pair.secret, sizeof pair.secret), recruit->secret_wrapped);
    crypto_wipe(&pair, sizeof pair);
    if (status != STATUS_OK)
        return status;
    return authority_issue(office->authority, recruit->identity.device_id,
                           span_text(office->csr_pem), clock_wall_ms(), office->arena,
                           &recruit->chain_pem, &recruit->facts);
}

static enum status sign_on(const struct office *office, const struct recruit *recruit)
{
    enum claims_verdict verdict;
    int64_t epoch;
    const struct claims_enrolment enrolment = {
        .code_hash = span_of(office->claim_hash, sizeof office->claim_hash),
        .newcomer =
            {
                .device_id = recruit->identity.device_id,
                .serial = recruit->identity.device_id,
                .source = "127.0.0.1",
                .public_key_hash = span_of(office->key_hash, sizeof office->key_hash),
                .certificate_serial = recruit->facts.serial_hex,
                .certificate_until_ms = recruit->facts.not_after_ms,
                .authority = span_of(authority_id(office->authority), PKI_AUTHORITY_SIZE),
                .server_authority =
                    span_of(authority_server_id(office->authority), PKI_AUTHORITY_SIZE),
                .sealing_public = span_of(recruit->identity.sealing_public, PKI_X25519_SIZE),
                .server_key_id =
                    span_of(office->server_key.key_id, sizeof office->server_key.key_id),
                .secret_wrapped = span_of(recruit->secret_wrapped, sizeof recruit->secret_wrapped),
            },
    };
    enum status status = claims_enrol(office->store, &enrolment, &verdict, &epoch);

    return status == STATUS_OK && verdict != CLAIMS_ENROLLED ? STATUS_DENIED : status;
}

static enum status enrol(struct office *office, int64_t number, char problem[256])
{
    static struct recruit recruit;

    recruit = (struct recruit){.chain_pem = NULL};
    arena_reset(office->arena);
    snprintf(recruit.identity.device_id, sizeof recruit.identity.device_id, "%.28s%04lld",
             office->prefix, (long long)number);
    snprintf(recruit.folder, sizeof recruit.folder, "%.900s/%s", office->folder,
             recruit.identity.device_id);
    if (identity_exists(recruit.folder))
        return STATUS_OK;
    enum status status = make_keys(office, &recruit, problem);
    tell_facts(office, &recruit);
    if (status == STATUS_OK)
        status = certify(office, &recruit);
    if (status == STATUS_OK)
        status = sign_on(office, &recruit);
    if (status == STATUS_OK)
        status = identity_store(&recruit.identity, recruit.folder, span_text(recruit.chain_pem),
                                span_text(authority_root(office->authority)), problem);
    return status;
}

static enum status open_office(struct office *office, char **words, char problem[256])
{
    const char *claim = getenv("MYNA_ROBOTS_CLAIM");
    enum status status = authority_open(&office->authority, words[0], problem);

    if (status == STATUS_OK)
        status = store_open(&office->store, words[1], 1, "fleet_enrol", problem);
    if (status == STATUS_OK)
        status = envelope_enter(office->store, office->authority, words[0],
                                &(struct master_keys){0}, problem);
    if (status == STATUS_OK)
        status = arena_create(&office->arena, ARENA_BYTES);
    if (status == STATUS_OK)
        status = sealing_keys_current(office->store, &office->server_key);
    if (status == STATUS_OK)
        status = claim_code_hash(span_text(claim ? claim : ""), office->claim_hash);
    return status;
}

static int enrol_share(struct office *office, char **words, int64_t first, int64_t robots)
{
    char problem[256] = "";
    enum status status = open_office(office, words, problem);

    for (int64_t number = first; status == STATUS_OK && number <= robots; number += PROCESSES)
        status = enrol(office, number, problem);
    if (status != STATUS_OK)
        fprintf(stderr, "fleet_enrol: %s: %s\n", status_text(status), problem);
    return status != STATUS_OK;
}

static bool wait_for_all(int count)
{
    bool is_good = true;
    int code;

    while (count-- > 0)
        is_good &= wait(&code) > 0 && WIFEXITED(code) && WEXITSTATUS(code) == 0;
    return is_good;
}

int main(int argc, char **argv)
{
    static struct office office;
    int64_t robots;
    int begun = 0;

    if (argc != 7 || span_to_int64(span_text(argv[5]), &robots) != STATUS_OK || robots > ROBOTS_MAX)
        return 2;
    office.folder = argv[3];
    office.prefix = argv[4];
    office.broker = argv[6];
    if (file_make_folder(office.folder, 0700) != STATUS_OK ||
        pki_make_key(office.key_pem) != STATUS_OK ||
        pki_make_csr(office.key_pem, office.prefix, office.csr_pem) != STATUS_OK ||
        pki_csr_key_hash(span_text(office.csr_pem), office.key_hash) != STATUS_OK)
        return 1;
    for (; begun < PROCESSES; begun++) {
        const pid_t pid = fork();

        if (pid < 0)
            break;
        if (pid == 0)
            _exit(enrol_share(&office, argv + 1, begun + 1, robots));
    }
    return !wait_for_all(begun) || begun < PROCESSES;
}
