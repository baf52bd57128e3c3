// The program's side of libmosquitto, driven by the caller's own loop.
#include <mosquitto.h>
#include <mqtt_protocol.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>

#include "mqtt/module_abi.h"

namespace sampleproc::mqtt {

struct ModuleClient {
  const ModuleHost* host = nullptr;
  mosquitto* handle = nullptr;
  ModuleReason logged = {};  // the last error that the library has logged
};

namespace {

constexpr int kAtLeastOnce = 1;

void Say(ModuleReason* why, const char* text) noexcept {
  if (why != nullptr) std::snprintf(why->text, sizeof(why->text), "%s", text);
}

// What the library has logged says more than its codes do, of TLS above all.
void Explain(const ModuleClient& client, int code, int error, ModuleReason* why) noexcept {
  if (code == MOSQ_ERR_TLS && client.logged.text[0] != '\0') return Say(why, client.logged.text);
  if (code == MOSQ_ERR_ERRNO && error != 0) return Say(why, std::strerror(error));
  Say(why, mosquitto_strerror(code));
}

ModuleClient& Self(void* self) noexcept { return *static_cast<ModuleClient*>(self); }

void OnConnect(mosquitto*, void* self, int code) noexcept {
  const ModuleHost& host = *Self(self).host;
  host.connected(host.self, code);
}

void OnPublish(mosquitto*, void* self, int id, int code, const mosquitto_property*) noexcept {
  const ModuleHost& host = *Self(self).host;
  host.published(host.self, id, code);
}

void OnMessage(mosquitto*, void* self, const mosquitto_message* message) noexcept {
  const ModuleHost& host = *Self(self).host;
  const ModuleMessage given{message->topic, static_cast<const char*>(message->payload),
                            static_cast<std::size_t>(message->payloadlen), message->retain};
  host.received(host.self, &given, message->retain);
}

void OnLog(mosquitto*, void* self, int level, const char* text) noexcept {
  if (level == MOSQ_LOG_ERR) Say(&Self(self).logged, text);
}

int Prepare(ModuleClient& client, const ModuleRequest& request) noexcept {
  mosquitto* const handle = client.handle;
  mosquitto_connect_callback_set(handle, OnConnect);
  mosquitto_publish_v5_callback_set(handle, OnPublish);
  mosquitto_message_callback_set(handle, OnMessage);
  mosquitto_log_callback_set(handle, OnLog);
  int code = mosquitto_max_inflight_messages_set(handle, 0);  // the caller counts
  if (code == MOSQ_ERR_SUCCESS && request.mqtt5) {
    code = mosquitto_int_option(handle, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
  }
  if (code == MOSQ_ERR_SUCCESS && request.username != nullptr) {
    code = mosquitto_username_pw_set(handle, request.username, request.password);
  }
  if (code == MOSQ_ERR_SUCCESS && request.tls) {
    code = request.ca[0] != '\0'
               ? mosquitto_tls_set(handle, request.ca, nullptr, nullptr, nullptr, nullptr)
               : mosquitto_int_option(handle, MOSQ_OPT_TLS_USE_OS_CERTS, 1);
  }
  if (code == MOSQ_ERR_SUCCESS && request.will.topic != nullptr) {
    const ModuleMessage& will = request.will;
    code = mosquitto_will_set(handle, will.topic, static_cast<int>(will.size), will.payload,
                              kAtLeastOnce, will.retain);
  }
  return code;
}

void Close(ModuleClient* client) noexcept {
  if (client->handle != nullptr) mosquitto_destroy(client->handle);
  delete client;
}

ModuleClient* Open(const ModuleHost* host, const ModuleRequest* request,
                   ModuleReason* why) noexcept {
  Say(why, "no memory");
  auto* const client = new (std::nothrow) ModuleClient{.host = host};
  if (client == nullptr) return nullptr;
  client->handle = mosquitto_new(request->client_id, true, client);
  int code = client->handle == nullptr ? MOSQ_ERR_NOMEM : Prepare(*client, *request);
  errno = 0;
  if (code == MOSQ_ERR_SUCCESS) {
    code =
        mosquitto_connect_async(client->handle, request->host, request->port, request->keepalive);
  }
  if (code == MOSQ_ERR_SUCCESS) return client;
  Explain(*client, code, errno, why);
  Close(client);
  return nullptr;
}

int Socket(ModuleClient* client) noexcept { return mosquitto_socket(client->handle); }

bool WantsWrite(ModuleClient* client) noexcept { return mosquitto_want_write(client->handle); }

ModuleStatus Run(ModuleClient* client, bool readable, bool writable, ModuleReason* why) noexcept {
  errno = 0;
  int code = MOSQ_ERR_SUCCESS;
  if (readable) code = mosquitto_loop_read(client->handle, 1);
  if (code == MOSQ_ERR_SUCCESS && writable) code = mosquitto_loop_write(client->handle, 1);
  if (code == MOSQ_ERR_SUCCESS) code = mosquitto_loop_misc(client->handle);
  if (code == MOSQ_ERR_SUCCESS) return ModuleStatus::kOk;
  Explain(*client, code, errno, why);
  return ModuleStatus::kLost;
}

ModuleStatus Publish(ModuleClient* client, const ModuleMessage* message, int* id,
                     ModuleReason* why) noexcept {
  errno = 0;
  const int code =
      mosquitto_publish(client->handle, id, message->topic, static_cast<int>(message->size),
                        message->payload, kAtLeastOnce, message->retain);
  if (code == MOSQ_ERR_SUCCESS) return ModuleStatus::kOk;
  Explain(*client, code, errno, why);
  const bool is_message = code == MOSQ_ERR_INVAL || code == MOSQ_ERR_PAYLOAD_SIZE ||
                          code == MOSQ_ERR_MALFORMED_UTF8 || code == MOSQ_ERR_OVERSIZE_PACKET ||
                          code == MOSQ_ERR_RETAIN_NOT_SUPPORTED ||
                          code == MOSQ_ERR_QOS_NOT_SUPPORTED;
  return is_message ? ModuleStatus::kRefused : ModuleStatus::kLost;
}

ModuleStatus Subscribe(ModuleClient* client, const char* pattern) noexcept {
  const int code = mosquitto_subscribe(client->handle, nullptr, pattern, 0);
  return code == MOSQ_ERR_SUCCESS ? ModuleStatus::kOk : ModuleStatus::kLost;
}

ModuleStatus Unsubscribe(ModuleClient* client, const char* pattern) noexcept {
  const int code = mosquitto_unsubscribe(client->handle, nullptr, pattern);
  return code == MOSQ_ERR_SUCCESS ? ModuleStatus::kOk : ModuleStatus::kLost;
}

void Leave(ModuleClient* client) noexcept { mosquitto_disconnect(client->handle); }

constexpr Module kModule{.version = kModuleVersion,
                         .open = Open,
                         .socket = Socket,
                         .wants_write = WantsWrite,
                         .run = Run,
                         .publish = Publish,
                         .subscribe = Subscribe,
                         .unsubscribe = Unsubscribe,
                         .leave = Leave,
                         .close = Close};

}  // namespace

}  // namespace sampleproc::mqtt

// Never undone: the module stays loaded until the process ends.
extern "C" __attribute__((visibility("default"))) const sampleproc::mqtt::Module*
sampleproc_mqtt_module() {
  static const int initialised = mosquitto_lib_init();
  return initialised == MOSQ_ERR_SUCCESS ? &sampleproc::mqtt::kModule : nullptr;
}
