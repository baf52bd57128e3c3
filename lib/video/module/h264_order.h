// Whether reference pictures of an H.264 stream are missing, by their numbers (frame_num, ITU-T
// H.264 7.4.3): libavcodec makes up what is missing and marks neither it nor what refers to it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace sampleproc::video {

// Of one stream, in the order of decoding; its bytes may be hostile.
class H264Order {
 public:
  enum class Sequence {
    kWhole,      // or not known, or with gaps that the stream allows itself
    kGap,        // reference pictures before this packet's are missing
    kGapUnless,  // so they are, unless the one before began the numbers anew (its memory management
                 // operation 5, which is not read); a decoder knows
  };

  // The parameter sets that the container has, in either form; also says in which one packets are.
  void TakeHead(std::span<const std::uint8_t> head);

  // The next packet. Behind a gap its numbers are not remembered.
  Sequence Take(std::span<const std::uint8_t> packet);

  // Of the packet taken last: whether it begins anew (IDR), and whether all its slices are B.
  bool is_new_beginning() const { return is_new_beginning_; }
  bool is_bipredicted() const { return slices_ > 0 && slices_ == bipredicted_; }

  // Of the packet taken last, by its recovery point message (D.2.8): how many reference pictures
  // behind it the pictures are whole, when decoding begins there; 0 without one.
  std::uint32_t recovery_count() const { return recovery_count_; }
  // Whether it is of a picture that others may refer to.
  bool is_reference() const { return is_reference_; }

  // What comes next follows nothing: numbers go on from anywhere.
  void Forget() { last_.reset(); }

 private:
  struct Numbers {
    unsigned bits = 0;  // of a number; 0 when the set is not known
    bool may_have_gaps = false;
    bool has_planes = false;  // each slice says of which colour it is
  };

  std::span<const std::uint8_t> NextUnit(std::span<const std::uint8_t>& rest) const;
  Sequence TakeUnit(std::span<const std::uint8_t> unit);
  void TakeSequenceSet(std::span<const std::uint8_t> unit);
  void TakeMessages(std::span<const std::uint8_t> unit);
  void TakePictureSet(std::span<const std::uint8_t> unit);
  Sequence TakeSlice(std::span<const std::uint8_t> unit);

  bool is_new_beginning_ = false;
  std::size_t slices_ = 0;
  std::size_t bipredicted_ = 0;
  bool is_reference_ = false;
  std::uint32_t recovery_count_ = 0;

  std::size_t length_bytes_ = 0;  // before each unit; 0: start codes
  std::array<Numbers, 32> sequence_sets_{};
  std::array<std::uint8_t, 256> sequence_set_of_{};  // by the picture parameter set
  std::optional<std::uint32_t> last_;                // number of the reference picture before
};

}  // namespace sampleproc::video
