// A minimal HTTP responder on libuv: what one event loop of a well-kept library costs for the same job. It answers each
// block it reads with one reply, which is right for a client that waits for its reply, as the bench's does.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

static char reply[512];
static size_t reply_bytes;

typedef struct {
  uv_tcp_t socket;
  uv_write_t write;
  char buffer[4096];
} client_t;

static void on_close(uv_handle_t* handle) { free(handle->data); }

static void on_alloc(uv_handle_t* handle, size_t suggested, uv_buf_t* buffer) {
  (void)suggested;
  client_t* client = handle->data;
  *buffer = uv_buf_init(client->buffer, sizeof client->buffer);
}

static void on_written(uv_write_t* write, int status) {
  if (status < 0 && !uv_is_closing((uv_handle_t*)write->handle)) uv_close((uv_handle_t*)write->handle, on_close);
}

static void on_read(uv_stream_t* stream, ssize_t n, const uv_buf_t* buffer) {
  (void)buffer;
  client_t* client = stream->data;
  if (n < 0) {
    if (!uv_is_closing((uv_handle_t*)stream)) uv_close((uv_handle_t*)stream, on_close);
    return;
  }
  uv_buf_t out = uv_buf_init(reply, (unsigned)reply_bytes);
  if (n > 0 && uv_try_write(stream, &out, 1) < 0) uv_write(&client->write, stream, &out, 1, on_written);
}

static void on_connection(uv_stream_t* listener, int status) {
  if (status < 0) return;
  client_t* client = calloc(1, sizeof *client);
  if (client == NULL) abort();
  uv_tcp_init(listener->loop, &client->socket);
  client->socket.data = client;
  if (uv_accept(listener, (uv_stream_t*)&client->socket) != 0) {
    uv_close((uv_handle_t*)&client->socket, on_close);
    return;
  }
  uv_tcp_nodelay(&client->socket, 1);
  uv_read_start((uv_stream_t*)&client->socket, on_alloc, on_read);
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  char body[129];
  memset(body, 'x', 128);
  body[128] = '\0';
  reply_bytes = (size_t)snprintf(reply, sizeof reply,
                                 "HTTP/1.1 200 OK\r\nServer: libuv\r\nContent-Type: text/plain\r\n"
                                 "Content-Length: 128\r\nConnection: keep-alive\r\n\r\n%s",
                                 body);
  uv_tcp_t listener;
  struct sockaddr_in address;
  uv_loop_t* loop = uv_default_loop();
  uv_tcp_init(loop, &listener);
  uv_ip4_addr("127.0.0.1", atoi(argv[1]), &address);
  if (uv_tcp_bind(&listener, (const struct sockaddr*)&address, 0) != 0) return 1;
  if (uv_listen((uv_stream_t*)&listener, 4096, on_connection) != 0) return 1;
  return uv_run(loop, UV_RUN_DEFAULT);
}
