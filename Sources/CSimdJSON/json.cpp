#include "CSimdJSON.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <simdjson.h>
#include <string>
#include <string_view>

using namespace simdjson;

namespace {

constexpr size_t kept_capacity = 64 * 1024;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// A scalar's token reaches to the next structural character: blanks may follow it.
std::string_view trimmed(std::string_view token) {
    while (!token.empty() && std::strchr(" \t\r\n", token.back())) token.remove_suffix(1);
    return token;
}

/// RFC 8259, section 6. Any size: the number is never converted.
bool is_number(std::string_view text) {
    size_t i = 0;
    auto digits = [&] {
        size_t start = i;
        while (i < text.size() && is_digit(text[i])) i++;
        return i > start;
    };
    if (i < text.size() && text[i] == '-') i++;
    if (i < text.size() && text[i] == '0') i++;
    else if (!digits()) return false;
    if (i < text.size() && text[i] == '.') {
        i++;
        if (!digits()) return false;
    }
    if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
        i++;
        if (i < text.size() && (text[i] == '+' || text[i] == '-')) i++;
        if (!digits()) return false;
    }
    return i == text.size();
}

/// Whether a string's escapes are well-formed (RFC 8259, section 7); lone surrogates are, as the grammar has it.
/// `text` begins after the opening quote and holds the closing one, which stage 1 has found.
bool has_valid_escapes(const char *text, const char *end, size_t &length) {
    // Nearly every string has none: then the first quote is the closing one.
    const char *quote = static_cast<const char *>(std::memchr(text, '"', size_t(end - text)));
    if (!quote) return false;
    length = size_t(quote - text);
    const char *p = static_cast<const char *>(std::memchr(text, '\\', length));
    if (!p) return true;
    for (; p < end && *p != '"'; p++) {
        if (*p != '\\') continue;
        if (++p >= end || !std::strchr("\"\\/bfnrtu", *p) || *p == 0) return false;
        if (*p != 'u') continue;
        for (int digit = 0; digit < 4; digit++) {
            if (++p >= end || !is_hex_digit(*p)) return false;
        }
    }
    length = size_t(p - text);
    return p < end;
}

/// The paths that lead to a value are among these, `end` not included; none when it is empty.
struct Wanted {
    size_t begin;
    size_t end;

    bool any() const { return begin < end; }
};

/// One walk over a document: checks every value and remembers those at the wanted places.
struct Walk {
    const char *end;
    const kychook_json_path *paths;
    kychook_json_value *values;
    size_t count;
    /// How many leading tokens of each path lead to the container being walked; SIZE_MAX when it is off the path.
    size_t *matched;

    /// Steps into the child that `is_token` names, walks it, and steps back.
    template <typename IsToken> bool child(ondemand::value value, size_t depth, IsToken is_token) {
        Wanted wanted{count, 0};
        for (size_t i = 0; i < count; i++) {
            if (matched[i] != depth || depth >= paths[i].count || !is_token(paths[i], depth)) continue;
            matched[i] = depth + 1;
            values[i] = {KYCHOOK_JSON_ABSENT, nullptr, 0}; // the last of several equal names counts
            wanted = {std::min(wanted.begin, i), i + 1};
        }
        bool valid = visit(value, depth + 1, wanted);
        for (size_t i = wanted.begin; i < wanted.end; i++) {
            if (matched[i] == depth + 1) matched[i] = depth;
        }
        return valid;
    }

    template <typename Object> bool object(Object object, size_t depth) {
        for (auto result : object) {
            ondemand::field field;
            if (std::move(result).get(field)) return false;
            const char *raw = field.key().raw();
            size_t length = 0;
            if (!has_valid_escapes(raw, end, length)) return false;
            std::string_view key(raw, length);
            std::string_view unescaped = key;
            // A lone surrogate: no name of ours, not even the empty one.
            bool named = key.find('\\') == key.npos || !field.unescaped_key().get(unescaped);
            bool valid = child(field.value(), depth, [&](const kychook_json_path &path, size_t token) {
                return named && path.lengths[token] == unescaped.size()
                    && std::memcmp(path.tokens[token], unescaped.data(), unescaped.size()) == 0;
            });
            if (!valid) return false;
        }
        return true;
    }

    bool array(ondemand::array array, size_t depth) {
        size_t index = 0;
        for (auto result : array) {
            ondemand::value value;
            if (std::move(result).get(value)) return false;
            bool valid = child(value, depth, [&](const kychook_json_path &path, size_t token) {
                std::string_view text(path.tokens[token], path.lengths[token]);
                return text == std::to_string(index);
            });
            if (!valid) return false;
            index++;
        }
        return true;
    }

    void remember(Wanted wanted, size_t depth, kychook_json_kind kind, std::string_view text) {
        for (size_t i = wanted.begin; i < wanted.end; i++) {
            if (matched[i] == depth && paths[i].count == depth) values[i] = {kind, text.data(), text.size()};
        }
    }

    bool visit(ondemand::value value, size_t depth, Wanted wanted) {
        ondemand::json_type type;
        if (value.type().get(type)) return false;
        bool contains = type == ondemand::json_type::object || type == ondemand::json_type::array;
        // The document is the first level, so `depth` containers are around this value.
        if (contains && depth >= KYCHOOK_JSON_DEPTH) return false;
        switch (type) {
        case ondemand::json_type::object: {
            ondemand::object object;
            if (value.get_object().get(object)) return false;
            remember(wanted, depth, KYCHOOK_JSON_CONTAINER, {});
            return this->object(object, depth);
        }
        case ondemand::json_type::array: {
            ondemand::array array;
            if (value.get_array().get(array)) return false;
            remember(wanted, depth, KYCHOOK_JSON_CONTAINER, {});
            return this->array(array, depth);
        }
        case ondemand::json_type::string: {
            std::string_view token = value.raw_json_token();
            size_t length = 0;
            if (!has_valid_escapes(token.data() + 1, end, length)) return false;
            std::string_view text;
            if (wanted.any() && !value.get_string().get(text)) remember(wanted, depth, KYCHOOK_JSON_STRING, text);
            return true;
        }
        case ondemand::json_type::number: {
            std::string_view token = trimmed(value.raw_json_token());
            if (!is_number(token)) return false;
            remember(wanted, depth, KYCHOOK_JSON_NUMBER, token);
            return true;
        }
        case ondemand::json_type::boolean: {
            std::string_view token = trimmed(value.raw_json_token());
            if (token != "true" && token != "false") return false;
            remember(wanted, depth, KYCHOOK_JSON_BOOLEAN, token);
            return true;
        }
        case ondemand::json_type::null:
            return trimmed(value.raw_json_token()) == "null";
        }
        return false;
    }
};

} // namespace

struct kychook_json {
    ondemand::parser parser;
    dom::parser whole;
    char *buffer = nullptr;
    size_t capacity = 0;
    size_t *matched = nullptr;
    size_t matched_capacity = 0;

    ~kychook_json() {
        delete[] buffer;
        delete[] matched;
    }

    /// Makes room for the text and simdjson's padding, and gives back what one large body took.
    bool prepare(size_t length, size_t paths) {
        size_t needed = length + SIMDJSON_PADDING;
        if (needed > capacity || (capacity > kept_capacity && needed <= kept_capacity)) {
            delete[] buffer;
            capacity = 0;
            size_t size = std::max(needed, size_t(4096));
            buffer = new (std::nothrow) char[size];
            if (!buffer) return false;
            capacity = size;
            parser = ondemand::parser();
            whole = dom::parser();
        }
        if (paths > matched_capacity) {
            delete[] matched;
            matched_capacity = 0;
            matched = new (std::nothrow) size_t[paths];
            if (!matched) return false;
            matched_capacity = paths;
        }
        return true;
    }
};

namespace {

/// Beyond the document's last token there is no location: anything else is text after the JSON.
bool is_at_end(ondemand::document &document) {
    const char *rest;
    return document.current_location().get(rest) == OUT_OF_BOUNDS;
}

/// Whether a text that is no object may stand as JSON in a document. Rare, and never interpreted.
bool is_json(kychook_json *parser, ondemand::document &document, ondemand::json_type type, size_t length) {
    if (type == ondemand::json_type::array) {
        ondemand::array array;
        Walk walk{parser->buffer + length, nullptr, nullptr, 0, nullptr};
        return !document.get_array().get(array) && walk.array(array, 0) && is_at_end(document);
    }
    std::string_view text = trimmed(std::string_view(parser->buffer, length));
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    // The strict DOM parser would refuse a number that fits no machine word.
    return is_number(text) || !parser->whole.parse(parser->buffer, length, false).error();
}

} // namespace

kychook_json *kychook_json_create(void) { return new (std::nothrow) kychook_json; }

void kychook_json_destroy(kychook_json *parser) { delete parser; }

kychook_json_shape kychook_json_extract(
    kychook_json *parser, const uint8_t *bytes, size_t length, const kychook_json_path *paths,
    kychook_json_value *values, size_t count
) {
    for (size_t i = 0; i < count; i++) values[i] = {KYCHOOK_JSON_ABSENT, nullptr, 0};
    if (length == 0 || !parser->prepare(length, count)) return KYCHOOK_JSON_INVALID;
    std::memcpy(parser->buffer, bytes, length);
    std::memset(parser->buffer + length, 0, SIMDJSON_PADDING);

    padded_string_view text(parser->buffer, length, parser->capacity);
    ondemand::document document;
    ondemand::json_type type;
    if (parser->parser.iterate(text).get(document) || document.type().get(type)) return KYCHOOK_JSON_INVALID;
    if (type != ondemand::json_type::object) {
        return is_json(parser, document, type, length) ? KYCHOOK_JSON_NOT_AN_OBJECT : KYCHOOK_JSON_INVALID;
    }
    ondemand::object object;
    if (document.get_object().get(object)) return KYCHOOK_JSON_INVALID;
    std::fill(parser->matched, parser->matched + count, size_t(0));
    Walk walk{parser->buffer + length, paths, values, count, parser->matched};
    if (walk.object(object, 0) && is_at_end(document)) return KYCHOOK_JSON_OBJECT;
    for (size_t i = 0; i < count; i++) values[i] = {KYCHOOK_JSON_ABSENT, nullptr, 0};
    return KYCHOOK_JSON_INVALID;
}
