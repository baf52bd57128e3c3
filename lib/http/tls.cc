#include "http/tls.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <cerrno>
#include <chrono>
#include <climits>
#include <ctime>
#include <new>
#include <string_view>
#include <utility>

namespace sampleproc::http {
namespace {

using base::ErrorCode;
using base::Fail;
using boost::system::error_code;

// Mozilla's "intermediate" list for TLS 1.2 (server-side TLS guidelines 5.7); 1.3 has its own.
constexpr char kCiphers[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr unsigned char kHttp11[] = "\x08http/1.1";

int Clamped(std::size_t size) { return static_cast<int>(std::min<std::size_t>(size, INT_MAX)); }

// Only http/1.1 is spoken; a client that offers other protocols alone gets none named.
int ChooseProtocol(SSL*, const unsigned char** out, unsigned char* out_size,
                   const unsigned char* offered, unsigned int offered_size, void*) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kHttp11, sizeof kHttp11 - 1, offered,
                            offered_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

// Of a handshake's kind without data between them: a new key each (RFC 8446, 4.6.3), or a wish for
// another handshake (RFC 5246, 7.4.1.2), which is refused. Nobody needs two.
constexpr int kMostMessages = 32;

// Until a pipe has to have handed out certificate and key.
constexpr std::chrono::seconds kPatience{10};

template <typename T, void (*kFree)(T*)>
struct Freed {
  void operator()(T* object) const { kFree(object); }
};
using Certificate = std::unique_ptr<X509, Freed<X509, &X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, &EVP_PKEY_free>>;
struct BioFreed {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, BioFreed>;

// A text that is not left behind in memory.
struct Wiped {
  explicit Wiped(std::string given) : text(std::move(given)) {}
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  ~Wiped() { OPENSSL_cleanse(text.data(), text.size()); }

  std::string text;
};

Bio Reader(const std::string& text) {
  Bio bio(BIO_new_mem_buf(text.data(), Clamped(text.size())));
  if (bio == nullptr) throw std::bad_alloc();
  return bio;
}

// There is nobody to ask.
int NoPassphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

// What is wrong with a text in which no such block could be read, without its contents.
std::string WhyNot(const std::string& text, const std::string& block) {
  ERR_clear_error();
  if (text.contains(block + "-----")) return "its block \"" + block + "\" is torn or damaged";
  return "there is no block in it that begins with \"-----BEGIN " + block + "-----\"";
}

// "" when the certificate and the chain behind it are used, else why not.
std::string UseCertificates(SSL_CTX* context, const std::string& text) {
  ERR_clear_error();
  const Bio bio = Reader(text);
  const Certificate own(PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr));
  if (own == nullptr) return WhyNot(text, "CERTIFICATE");
  if (SSL_CTX_use_certificate(context, own.get()) != 1) {
    const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
    return "OpenSSL does not take it (" + std::string(reason == nullptr ? "" : reason) + ")";
  }
  for (;;) {
    Certificate next(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (next == nullptr) break;
    if (SSL_CTX_add0_chain_cert(context, next.get()) != 1) throw std::bad_alloc();
    (void)next.release();
  }
  const unsigned long error = ERR_peek_last_error();
  const bool at_end =
      ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  return at_end ? "" : "a certificate of the chain in it is torn or damaged";
}

std::string UseKey(SSL_CTX* context, const std::string& text) {
  ERR_clear_error();
  const Bio bio = Reader(text);
  bool is_encrypted = false;
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &NoPassphrase, &is_encrypted));
  if (is_encrypted) {
    ERR_clear_error();
    return "it is encrypted, and there is nobody to ask for its passphrase; openssl pkey takes it "
           "off";
  }
  if (key == nullptr) return WhyNot(text, "PRIVATE KEY");
  if (SSL_CTX_use_PrivateKey(context, key.get()) == 1 && SSL_CTX_check_private_key(context) == 1) {
    return "";
  }
  ERR_clear_error();
  return "it is not the key of http.tls_cert";
}

base::WallTime NotAfter(const X509* certificate) {
  std::tm time{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) return {};
  return std::chrono::system_clock::from_time_t(::timegm(&time));
}

}  // namespace

TlsStream::TlsStream(SSL_CTX* context, int fd) : ssl_(SSL_new(context)) {
  if (ssl_ == nullptr || SSL_set_fd(ssl_, fd) != 1) {
    SSL_free(ssl_);
    throw std::bad_alloc();
  }
  SSL_set_accept_state(ssl_);
  SSL_set_msg_callback(ssl_,
                       [](int sent, int, int type, const void*, std::size_t, SSL*, void* self) {
                         if (sent == 0 && type == SSL3_RT_HANDSHAKE) {
                           ++static_cast<TlsStream*>(self)->messages_since_data_;
                         }
                       });
  SSL_set_msg_callback_arg(ssl_, this);
}

TlsStream::~TlsStream() { SSL_free(ssl_); }

error_code TlsStream::Classify(int result) {
  const int error = SSL_get_error(ssl_, result);
  wants_write_ = error == SSL_ERROR_WANT_WRITE;
  if (wants_write_ || error == SSL_ERROR_WANT_READ) return boost::asio::error::would_block;
  ERR_clear_error();
  if (error == SSL_ERROR_ZERO_RETURN) return boost::asio::error::eof;
  return boost::asio::error::connection_reset;
}

bool TlsStream::Handshake(error_code& error) {
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) return true;
  error = Classify(result);
  return false;
}

std::size_t TlsStream::ReadSome(std::span<char> room, error_code& error) {
  const int got = SSL_read(ssl_, room.data(), Clamped(room.size()));
  if (got > 0) {
    messages_since_data_ = 0;
    return static_cast<std::size_t>(got);
  }
  error = Classify(got);
  if (messages_since_data_ > kMostMessages) error = boost::asio::error::connection_reset;
  return 0;
}

std::size_t TlsStream::WriteSome(base::ByteView bytes, error_code& error) {
  const int sent = SSL_write(ssl_, bytes.data(), Clamped(bytes.size()));
  if (sent > 0) return static_cast<std::size_t>(sent);
  error = Classify(sent);
  return 0;
}

bool TlsStream::PeerGone() {
  char byte;
  const int got = SSL_peek(ssl_, &byte, 1);
  if (got > 0) return false;
  return Classify(got) != boost::asio::error::would_block || messages_since_data_ > kMostMessages;
}

void TlsStream::SayGoodbye() {
  SSL_shutdown(ssl_);
  ERR_clear_error();
}

base::Result<std::shared_ptr<const TlsContext>> TlsContext::Load(
    const std::string& certificate_file, const std::string& key_file, base::Reading reading) {
  SSL_CTX* const raw = SSL_CTX_new(TLS_server_method());
  if (raw == nullptr) throw std::bad_alloc();
  std::shared_ptr<TlsContext> context(new TlsContext(raw));
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // Writes are repeated from wherever the unsent rest is; idle connections give back their buffers.
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS);
  // Else a read of data goes on for as long as messages of other kinds come.
  SSL_CTX_clear_mode(raw, SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);  // tickets resume without it
  SSL_CTX_set_alpn_select_cb(raw, &ChooseProtocol, nullptr);
  if (SSL_CTX_set_cipher_list(raw, kCiphers) != 1) {
    return Fail(ErrorCode::kInternal, "OpenSSL knows none of our ciphers");
  }
  const base::Deadline patience(base::SystemClock(), kPatience);
  const auto fail = [](std::string_view key, const std::string& path, const std::string& why) {
    return Fail(ErrorCode::kConfig, std::string(key) + ' ' + path + ": " + why);
  };
  auto text = base::ReadTextFile(certificate_file, reading, patience);
  if (!text) {
    return fail("http.tls_cert", certificate_file, "cannot be read: " + text.error().message);
  }
  const Wiped certificates(*std::move(text));
  if (const auto why = UseCertificates(raw, certificates.text); !why.empty()) {
    return fail("http.tls_cert", certificate_file, why);
  }
  context->valid_until_ = NotAfter(SSL_CTX_get0_certificate(raw));
  // One file with both may be a pipe, which is read but once.
  auto key = certificate_file == key_file ? certificates.text
                                          : base::ReadTextFile(key_file, reading, patience);
  if (!key) return fail("http.tls_key", key_file, "cannot be read: " + key.error().message);
  const Wiped secret(*std::move(key));
  if (const auto why = UseKey(raw, secret.text); !why.empty()) {
    return fail("http.tls_key", key_file, why);
  }
  return context;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

std::unique_ptr<TlsStream> TlsContext::Accept(int fd) const {
  return std::make_unique<TlsStream>(context_, fd);
}

}  // namespace sampleproc::http
