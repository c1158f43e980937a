/// A small C door to simdjson: check a whole JSON text, and read the values at given places in the same pass.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A parser and the memory that it reuses. One thread at a time.
typedef struct kychook_json kychook_json;

/// NULL when there is no memory.
kychook_json *_Nullable kychook_json_create(void);
void kychook_json_destroy(kychook_json *_Nonnull parser);

/// Where a value stands: the tokens of a JSON Pointer, unescaped, none of them zero-terminated.
typedef struct {
    const char *_Nullable const *_Nullable tokens;
    const size_t *_Nullable lengths;
    size_t count;
} kychook_json_path;

typedef enum {
    KYCHOOK_JSON_ABSENT = 0, ///< nothing there, or null
    KYCHOOK_JSON_STRING,     ///< unescaped UTF-8
    KYCHOOK_JSON_NUMBER,     ///< the number's text as written
    KYCHOOK_JSON_BOOLEAN,    ///< true or false
    KYCHOOK_JSON_CONTAINER,  ///< an object or an array; no text
} kychook_json_kind;

/// What was found; the text is valid until the parser's next call.
typedef struct {
    kychook_json_kind kind;
    const char *_Nullable text;
    size_t length;
} kychook_json_value;

typedef enum {
    KYCHOOK_JSON_OBJECT = 0,
    KYCHOOK_JSON_NOT_AN_OBJECT, ///< JSON, but an array or a scalar at the top
    KYCHOOK_JSON_INVALID,       ///< not JSON, not UTF-8, or nested deeper than KYCHOOK_JSON_DEPTH
} kychook_json_shape;

/// With the document around it a body stays within what jq 1.6 reads (256 levels) and Foundation (512).
enum { KYCHOOK_JSON_DEPTH = 255 };

/// Checks the whole text and fills `values[i]` with what stands at `paths[i]`.
///
/// Of a name that occurs more than once the last one counts, as in most parsers (RFC 8259, section 4).
kychook_json_shape kychook_json_extract(
    kychook_json *_Nonnull parser,
    const uint8_t *_Nullable bytes,
    size_t length,
    const kychook_json_path *_Nullable paths,
    kychook_json_value *_Nullable values,
    size_t count
);

#ifdef __cplusplus
}
#endif
