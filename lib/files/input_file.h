// A descriptor that is read from its beginning to its end.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/error.h"
#include "files/stop_descriptor.h"

namespace sampleproc::files {

// Closes what it opened; standard input stays open. Movable; used by one thread at a time.
class InputFile {
 public:
  // A regular file, or a FIFO, as shells make them for <(...): its first read fails with
  // kUnsupportedFormat when nobody writes to it, and waits for nobody. "-" is standard input,
  // whatever that is. Fails with kNotFound or kIo, and with kUnsupportedFormat for what is neither.
  // Where `stop` is given, which must outlive the file, a read that waits ends with kCancelled when
  // it comes.
  static base::Result<InputFile> Open(const std::string& path,
                                      const StopDescriptor* stop = nullptr);

  // Anything that can be opened, also a FIFO, whose writer the first read waits for; "-" and `stop`
  // likewise. Fails with kNotFound or kIo.
  static base::Result<InputFile> OpenAny(const std::string& path,
                                         const StopDescriptor* stop = nullptr);

  // A descriptor that stays the caller's; `name` is for messages.
  InputFile(int descriptor, std::string name)
      : descriptor_(descriptor), owned_(false), name_(std::move(name)) {}

  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&&) = delete;
  InputFile(const InputFile&) = delete;
  ~InputFile();

  // Reads what there is, waiting for the first byte; returns how many bytes, 0 at the end. Signals
  // and descriptors that do not wait are no hindrance. Fails with kIo or kCancelled.
  base::Result<std::size_t> ReadSome(std::span<std::uint8_t> place);

  // Fills `place` as far as the file goes; returns how many bytes that were. Fails with kIo.
  base::Result<std::size_t> Fill(std::span<std::uint8_t> place);

  bool has_size() const { return has_size_; }  // a regular file from Open

  // Of a regular file from Open, when it was opened; else 0.
  std::uint64_t size() const { return size_; }
  const std::string& name() const { return name_; }  // for messages

 private:
  base::Result<void> AwaitBytes() const;

  int descriptor_;
  bool owned_ = true;
  std::string name_;
  bool has_size_ = false;
  bool is_pipe_ = false;  // a FIFO of which nothing has been read
  std::uint64_t size_ = 0;
  const StopDescriptor* stop_ = nullptr;
};

}  // namespace sampleproc::files
