#include "tests/fuzz/fuzz.h"

#include "agent/chat/conversation_file.h"

/* Packed turns and whole files of outside bytes: what is taken comes out the same again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[CRYPTO_KEY_SIZE];
    const struct span bytes = span_of(data, size);
    struct conversation *conversation;
    struct buffer packed;

    if (conversation_create(&conversation) != STATUS_OK)
        return 0;
    buffer_init(&packed, CONVERSATION_PACKED_BYTES);
    if (conversation_unpack(conversation, bytes, INT64_MIN) == STATUS_OK) {
        conversation_pack(conversation, &packed);
        FUZZ_CHECK(buffer_status(&packed) == STATUS_OK);
        FUZZ_CHECK(span_equal(buffer_span(&packed), bytes));
    }
    /* nobody forges a tag */
    FUZZ_CHECK(conversation_file_open(key, bytes, conversation, 0) != STATUS_OK);
    buffer_release(&packed);
    conversation_free(conversation);
    return 0;
}
