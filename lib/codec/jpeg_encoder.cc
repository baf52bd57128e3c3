#include "codec/jpeg_encoder.h"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>

// jpeglib.h wants FILE and size_t declared before it.
#include <jpeglib.h>

#include <array>
#include <string>

namespace sampleproc::codec {
namespace {

// One compression; longjmp only skips frames without destructors (see jpeg_decoder.cc).
struct Session {
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    if (created) jpeg_destroy_compress(&cinfo);
    std::free(output);  // the library's destination grows it with malloc
  }

  jpeg_compress_struct cinfo{};
  jpeg_error_mgr errors{};
  std::jmp_buf jump{};
  bool created = false;
  unsigned char* output = nullptr;
  unsigned long output_bytes = 0;
  std::array<char, JMSG_LENGTH_MAX> message{};
};

[[noreturn]] void OnError(j_common_ptr cinfo) {
  Session& session = *static_cast<Session*>(cinfo->client_data);
  cinfo->err->format_message(cinfo, session.message.data());
  std::longjmp(session.jump, 1);
}

void OnMessage(j_common_ptr, int) {}

bool Compress(Session& session, const frame::Image& image, int quality) {
  jpeg_compress_struct& cinfo = session.cinfo;
  cinfo.err = jpeg_std_error(&session.errors);
  session.errors.error_exit = OnError;
  session.errors.emit_message = OnMessage;
  cinfo.client_data = &session;
  if (setjmp(session.jump) != 0) return false;
  jpeg_create_compress(&cinfo);
  session.created = true;
  jpeg_mem_dest(&cinfo, &session.output, &session.output_bytes);
  cinfo.image_width = static_cast<JDIMENSION>(image.width);
  cinfo.image_height = static_cast<JDIMENSION>(image.height);
  cinfo.input_components = frame::Channels(image.format);
  cinfo.in_color_space = image.format == frame::PixelFormat::kGray8 ? JCS_GRAYSCALE : JCS_EXT_BGR;
  jpeg_set_defaults(&cinfo);
  jpeg_set_quality(&cinfo, quality, TRUE);
  cinfo.dct_method = JDCT_ISLOW;
  jpeg_start_compress(&cinfo, TRUE);
  while (cinfo.next_scanline < cinfo.image_height) {
    // The library reads rows through pointers it does not declare const.
    JSAMPROW row = const_cast<JSAMPROW>(image.Row(static_cast<int>(cinfo.next_scanline)));
    jpeg_write_scanlines(&cinfo, &row, 1);
  }
  jpeg_finish_compress(&cinfo);
  return true;
}

}  // namespace

base::Result<base::ByteBuffer> EncodeJpeg(const frame::Image& image, int quality) {
  if (image.width > JPEG_MAX_DIMENSION || image.height > JPEG_MAX_DIMENSION) {
    return base::Fail(base::ErrorCode::kInvalidFrame, "a picture of " +
                                                          std::to_string(image.width) + "x" +
                                                          std::to_string(image.height) +
                                                          " pixels cannot be written as JPEG; its "
                                                          "sides end at " +
                                                          std::to_string(JPEG_MAX_DIMENSION));
  }
  Session session;
  if (!Compress(session, image, quality)) {
    return base::Fail(base::ErrorCode::kInternal,
                      "cannot write a JPEG (" + std::string(session.message.data()) + ")");
  }
  return base::ByteBuffer(session.output, session.output + session.output_bytes);
}

}  // namespace sampleproc::codec
