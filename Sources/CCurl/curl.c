#include "CCurl.h"

#include <signal.h>

CURLcode kychook_curl_set_number(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

CURLcode kychook_curl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

CURLcode kychook_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

CURLcode kychook_curl_set_body(CURL *handle, const void *bytes, size_t count) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
    if (code != CURLE_OK) return code;
    return curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, count == 0 ? "" : bytes);
}

CURLcode kychook_curl_set_headers(CURL *handle, struct curl_slist *list) {
    return curl_easy_setopt(handle, CURLOPT_HTTPHEADER, list);
}

CURLcode kychook_curl_set_error_buffer(CURL *handle, char *buffer) {
    return curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, buffer);
}

CURLcode kychook_curl_set_callbacks(
    CURL *handle,
    void *context,
    size_t (*on_body)(char *, size_t, size_t, void *),
    size_t (*on_header)(char *, size_t, size_t, void *),
    curl_socket_t (*open_socket)(void *, curlsocktype, struct curl_sockaddr *),
    int (*before_request)(void *, char *, char *, int, int)
) {
    CURLcode code;
    if ((code = curl_easy_setopt(handle, CURLOPT_PRIVATE, context)) != CURLE_OK) return code;
    if ((code = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body)) != CURLE_OK) return code;
    if ((code = curl_easy_setopt(handle, CURLOPT_WRITEDATA, context)) != CURLE_OK) return code;
    if ((code = curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header)) != CURLE_OK) return code;
    if ((code = curl_easy_setopt(handle, CURLOPT_HEADERDATA, context)) != CURLE_OK) return code;
    if ((code = curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, open_socket)) != CURLE_OK) return code;
    if ((code = curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, context)) != CURLE_OK) return code;
    if ((code = curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, before_request)) != CURLE_OK) return code;
    return curl_easy_setopt(handle, CURLOPT_PREREQDATA, context);
}

CURLcode kychook_curl_set_progress(
    CURL *handle,
    void *context,
    int (*on_progress)(void *, curl_off_t, curl_off_t, curl_off_t, curl_off_t)
) {
    CURLcode code;
    if ((code = curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress)) != CURLE_OK) return code;
    if ((code = curl_easy_setopt(handle, CURLOPT_XFERINFODATA, context)) != CURLE_OK) return code;
    return curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
}

long kychook_curl_number(CURL *handle, CURLINFO info) {
    long value = 0;
    return curl_easy_getinfo(handle, info, &value) == CURLE_OK ? value : 0;
}

curl_off_t kychook_curl_size(CURL *handle, CURLINFO info) {
    curl_off_t value = 0;
    return curl_easy_getinfo(handle, info, &value) == CURLE_OK ? value : 0;
}

CURLMcode kychook_curl_multi_set_number(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

CURL *kychook_curl_next_finished(CURLM *multi, CURLcode *result) {
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(multi, &left)) != NULL;) {
        if (message->msg != CURLMSG_DONE) continue;
        *result = message->data.result;
        return message->easy_handle;
    }
    return NULL;
}

void kychook_curl_block_sigpipe(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}
