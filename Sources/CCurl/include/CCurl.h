/// libcurl, and one function per type of argument for its variadic calls, which Swift cannot make.
#pragma once

#include <curl/curl.h>
#include <stddef.h>

/// curl_easy_setopt(3) for options of type long. The option must be of that type: nothing checks it here.
CURLcode kychook_curl_set_number(CURL *_Nonnull handle, CURLoption option, long value);

/// curl_easy_setopt(3) for options of type curl_off_t.
CURLcode kychook_curl_set_size(CURL *_Nonnull handle, CURLoption option, curl_off_t value);

/// curl_easy_setopt(3) for options that copy a zero-terminated text; NULL resets the option.
CURLcode kychook_curl_set_text(CURL *_Nonnull handle, CURLoption option, const char *_Nullable value);

/// CURLOPT_COPYPOSTFIELDS with its size: the bytes are copied.
CURLcode kychook_curl_set_body(CURL *_Nonnull handle, const void *_Nullable bytes, size_t count);

/// CURLOPT_HTTPHEADER: the list must outlive the transfer.
CURLcode kychook_curl_set_headers(CURL *_Nonnull handle, struct curl_slist *_Nullable list);

/// CURLOPT_ERRORBUFFER: at least CURL_ERROR_SIZE bytes that outlive the transfer.
CURLcode kychook_curl_set_error_buffer(CURL *_Nonnull handle, char *_Nullable buffer);

/// The transfer's own callbacks; `context` is the last argument of each call.
CURLcode kychook_curl_set_callbacks(
    CURL *_Nonnull handle,
    void *_Nonnull context,
    size_t (*_Nonnull on_body)(char *_Nullable bytes, size_t size, size_t count, void *_Nullable context),
    size_t (*_Nonnull on_header)(char *_Nullable bytes, size_t size, size_t count, void *_Nullable context),
    curl_socket_t (*_Nonnull open_socket)(
        void *_Nullable context,
        curlsocktype purpose,
        struct curl_sockaddr *_Nullable address
    ),
    int (*_Nonnull before_request)(
        void *_Nullable context,
        char *_Nullable remote,
        char *_Nullable local,
        int remote_port,
        int local_port
    )
);

/// Turns CURLOPT_XFERINFOFUNCTION on; the callback returns 0 to go on.
CURLcode kychook_curl_set_progress(
    CURL *_Nonnull handle,
    void *_Nonnull context,
    int (*_Nonnull on_progress)(
        void *_Nullable context,
        curl_off_t expected,
        curl_off_t received,
        curl_off_t to_send,
        curl_off_t sent
    )
);

/// curl_easy_getinfo(3) for values of type long; 0 when there is none.
long kychook_curl_number(CURL *_Nonnull handle, CURLINFO info);

/// curl_easy_getinfo(3) for values of type curl_off_t; 0 when there is none.
curl_off_t kychook_curl_size(CURL *_Nonnull handle, CURLINFO info);

/// curl_multi_setopt(3) for options of type long.
CURLMcode kychook_curl_multi_set_number(CURLM *_Nonnull multi, CURLMoption option, long value);

/// The next finished transfer of a multi handle: NULL when there is none.
CURL *_Nullable kychook_curl_next_finished(CURLM *_Nonnull multi, CURLcode *_Nonnull result);

/// SIGPIPE is blocked in the calling thread: TLS writes to a closed connection raise it, and with CURLOPT_NOSIGNAL
/// libcurl leaves it to the program.
void kychook_curl_block_sigpipe(void);
