#include "detect/onnx_file.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include "detect/onnx_fields.h"
#include "detect/onnx_sizes.h"
#include "detect/protobuf.h"

namespace sampleproc::detect {
namespace {

namespace attribute = onnx::attribute;
namespace graph = onnx::graph;
namespace model = onnx::model;
namespace node = onnx::node;
namespace tensor = onnx::tensor;

constexpr int kDeepest = 4;  // graphs within graphs
constexpr std::size_t kMostNodes = 20'000;
constexpr std::size_t kMostOutputs = 64;
constexpr std::uint64_t kMostElements = std::uint64_t{1} << 28;  // of one tensor
constexpr std::int64_t kSmallestSide = 16;
constexpr std::int64_t kLargestSide = 4096;
constexpr std::int64_t kLargestWindow = 4096;  // of a kernel, a stride, a padding
constexpr std::int64_t kFloat = 1;             // TensorProto.DataType
constexpr std::uint64_t kInt64 = 7;            // likewise
constexpr std::size_t kLongestShown = 60;
// ONNX Runtime takes a file that has this at this place for one of its own format.
constexpr std::string_view kOwnFormat = "ORTM";
constexpr std::size_t kOwnFormatAt = 4;

std::unexpected<base::Error> Refused(std::string why) {
  return base::Fail(base::ErrorCode::kConfig, std::move(why));
}

std::unexpected<base::Error> Damaged(std::string_view what) {
  return Refused("is no ONNX file, or a damaged one: " + std::string(what) + " cannot be read");
}

// A name of the model's for a message: what is not printable ASCII is replaced.
std::string Shown(std::string_view name) {
  std::string shown;
  for (const char c : name.substr(0, kLongestShown)) shown += c >= ' ' && c <= '~' ? c : '?';
  return shown.empty() ? "without a name" : shown;
}

// Bytes of an element, by TensorProto.DataType; 0 for texts and what we do not know.
std::uint64_t ElementBytes(std::uint64_t type) {
  switch (type) {
    case 2:  // uint8
    case 3:  // int8
    case 9:  // bool
      return 1;
    case 4:   // uint16
    case 5:   // int16
    case 10:  // float16
    case 16:  // bfloat16
      return 2;
    case 1:   // float
    case 6:   // int32
    case 12:  // uint32
      return 4;
    case 7:   // int64
    case 11:  // double
    case 13:  // uint64
      return 8;
    default:
      return 0;
  }
}

// Calls `add` for each number of a repeated field, packed or not; false when it is damaged.
template <typename Add>
bool ForEachNumber(const Field& field, Add add) {
  if (field.type == 0) {
    add(field.value);
    return true;
  }
  if (field.type != 2) return false;
  FieldReader packed(field.bytes);
  while (!packed.AtEnd()) {
    const auto number = packed.Varint();
    if (!number) return false;
    add(*number);
  }
  return true;
}

struct Tensor {
  std::string name;
  std::uint64_t bytes = 0;
  std::uint64_t elements = 0;
  std::vector<std::int64_t> numbers;  // of a short list of 64-bit integers
};

struct Value {
  std::string name;
  std::int64_t type = 0;
  Shape shape;  // -1 for a side without a number
};

class Reader {
 public:
  base::Result<OnnxFile> Read(base::ByteView bytes) {
    if (base::AsText(bytes).substr(std::min(bytes.size(), kOwnFormatAt)).starts_with(kOwnFormat)) {
      return Refused("is in ONNX Runtime's own format; a detector takes the ONNX file it is from");
    }
    FieldReader fields(bytes);
    bool versioned = false;
    std::optional<base::ByteView> whole;
    while (const auto field = fields.Next()) {
      if (field->number == model::kIrVersion && field->type == 0) {
        versioned = field->value > 0 && field->value < 100;
      }
      // Functions may call each other to any depth, and libraries follow them by recursion.
      if (field->number == model::kFunctions || field->number == model::kTraining) {
        return Refused("has functions of its own, or what training needs; export it without");
      }
      if (field->number != model::kGraph) continue;
      if (field->type != 2 || whole) return Damaged("the graph");
      whole = field->bytes;
    }
    if (fields.damaged() || !versioned || !whole) return Damaged("the model");
    if (auto done = Graph(*whole, 0); !done) return std::unexpected(done.error());
    if (auto done = sizes_.Check(); !done) return std::unexpected(done.error());
    if (auto done = FindInput(); !done) return std::unexpected(done.error());
    if (file_.outputs.empty() || file_.outputs.size() > kMostOutputs) {
      return Refused("has " + std::to_string(file_.outputs.size()) +
                     " outputs; a detector has 1 to " + std::to_string(kMostOutputs));
    }
    return file_;
  }

 private:
  base::Result<void> Graph(base::ByteView bytes, int depth) {
    if (depth > kDeepest) return Refused("has graphs within graphs within graphs");
    FieldReader fields(bytes);
    while (const auto field = fields.Next()) {
      base::Result<void> done;
      switch (field->number) {
        case graph::kNode:
          done = field->type == 2 ? Node(field->bytes, depth) : Damaged("a node");
          break;
        case graph::kInitializer:
          done = Weights(*field, "a weight");
          break;
        case graph::kSparseInitializer:
          done = Refused("has sparse weights; they are not supported");
          break;
        case graph::kInput:
        case graph::kOutput:
          if (depth == 0) done = InputOrOutput(*field);
          break;
        default:
          break;
      }
      if (!done) return done;
    }
    if (fields.damaged()) return Damaged("the graph");
    return {};
  }

  base::Result<void> InputOrOutput(const Field& field) {
    if (field.type != 2) return Damaged("an input or output");
    auto value = ReadValue(field.bytes);
    if (!value) return std::unexpected(value.error());
    if (field.number == graph::kInput) {
      inputs_.push_back(std::move(*value));
    } else {
      file_.outputs.push_back(std::move(value->name));
    }
    return {};
  }

  base::Result<void> Weights(const Field& field, std::string_view what) {
    if (field.type != 2) return Damaged(what);
    auto tensor = ReadTensor(field.bytes);
    if (!tensor) return std::unexpected(tensor.error());
    file_.weight_bytes += tensor->bytes;
    last_ = *tensor;
    sizes_.Constant(tensor->name, std::move(tensor->numbers), tensor->elements);
    initialized_.insert(std::move(tensor->name));
    return {};
  }

  base::Result<void> Node(base::ByteView bytes, int depth) {
    if (++nodes_ > kMostNodes) {
      return Refused("has more than " + std::to_string(kMostNodes) + " layers");
    }
    std::string name;
    std::string op;
    std::string first_output;
    std::vector<std::string> inputs;
    std::vector<base::ByteView> attributes;
    FieldReader fields(bytes);
    while (const auto field = fields.Next()) {
      if (field->number > node::kAttribute) continue;
      if (field->type != 2) return Damaged("a layer");
      if (field->number == node::kInput) inputs.emplace_back(field->text());
      if (field->number == node::kOutput && first_output.empty()) first_output = field->text();
      if (field->number == node::kName) name = field->text();
      if (field->number == node::kOpType) op = field->text();
      if (field->number == node::kAttribute) attributes.push_back(field->bytes);
    }
    if (fields.damaged()) return Damaged("a layer");
    if (op == "Clip" && inputs.size() > 1) file_.clip_with_inputs = true;
    const std::string layer = Shown(op) + " " + Shown(name.empty() ? first_output : name);
    for (const base::ByteView each : attributes) {
      if (auto done = Attribute(each, layer, depth); !done) return done;
    }
    sizes_.Layer(op, layer, std::move(inputs));
    if (op == "Constant") sizes_.Constant(std::move(first_output), last_.numbers, last_.elements);
    return {};
  }

  base::Result<void> Attribute(base::ByteView bytes, const std::string& layer, int depth) {
    std::string name;
    std::vector<std::int64_t> numbers;
    FieldReader fields(bytes);
    while (const auto field = fields.Next()) {
      base::Result<void> done;
      switch (field->number) {
        case attribute::kName:
          name = field->text();
          break;
        case attribute::kInt:
        case attribute::kInts:
          if (!ForEachNumber(*field, [&](std::uint64_t number) {
                numbers.push_back(static_cast<std::int64_t>(number));
              })) {
            done = Damaged("the layer " + layer);
          }
          break;
        case attribute::kTensor:
        case attribute::kTensors:
          done = Weights(*field, "the layer " + layer);
          break;
        case attribute::kGraph:
        case attribute::kGraphs:
          done = field->type == 2 ? Graph(field->bytes, depth + 1) : Damaged("the layer " + layer);
          break;
        case attribute::kSparse:
        case attribute::kSparses:
          done = Refused("has sparse weights in the layer " + layer + "; they are not supported");
          break;
        default:
          break;
      }
      if (!done) return done;
    }
    if (fields.damaged()) return Damaged("the layer " + layer);
    return CheckNumbers(name, numbers, layer);
  }

  // Windows of absurd size overflow the libraries' own arithmetic.
  static base::Result<void> CheckNumbers(const std::string& name,
                                         const std::vector<std::int64_t>& numbers,
                                         const std::string& layer) {
    const bool positive =
        name == "kernel_shape" || name == "strides" || name == "dilations" || name == "group";
    const bool window = positive || name == "pads" || name == "output_padding" || name == "size" ||
                        name == "blocksize" || name == "axis" || name == "axes";
    if (!window) return {};
    const std::int64_t least = positive ? 1 : -kLargestWindow;
    const bool plausible = std::ranges::all_of(
        numbers, [&](std::int64_t number) { return number >= least && number <= kLargestWindow; });
    if (plausible) return {};
    return Refused("has an absurd " + name + " in the layer " + layer);
  }

  static base::Result<Value> ReadValue(base::ByteView bytes) {
    Value value;
    FieldReader fields(bytes);
    while (const auto field = fields.Next()) {
      if (field->number == 1 && field->type == 2) value.name = field->text();
      if (field->number != 2 || field->type != 2) continue;
      FieldReader types(field->bytes);
      while (const auto type = types.Next()) {
        if (type->number == 1 && type->type == 2 && !ReadTensorType(type->bytes, value)) {
          return Damaged("an input or output");
        }
      }
      if (types.damaged()) return Damaged("an input or output");
    }
    if (fields.damaged()) return Damaged("an input or output");
    return value;
  }

  static bool ReadTensorType(base::ByteView bytes, Value& value) {
    FieldReader fields(bytes);
    while (const auto field = fields.Next()) {
      if (field->number == 1) value.type = static_cast<std::int64_t>(field->value);
      if (field->number != 2 || field->type != 2) continue;
      FieldReader dims(field->bytes);
      while (const auto dim = dims.Next()) {
        if (dim->number != 1 || dim->type != 2) return false;
        std::int64_t side = -1;
        FieldReader parts(dim->bytes);
        while (const auto part = parts.Next()) {
          if (part->number == 1 && part->type == 0) side = static_cast<std::int64_t>(part->value);
        }
        if (parts.damaged()) return false;
        value.shape.push_back(side);
      }
      if (dims.damaged()) return false;
    }
    return !fields.damaged();
  }

  // A weight must have as many numbers as its shape says: the libraries trust it.
  static base::Result<Tensor> ReadTensor(base::ByteView bytes) {
    Tensor read;
    std::uint64_t type = 0;
    std::uint64_t elements = 1;
    std::uint64_t listed = 0;
    std::optional<std::uint64_t> raw;
    base::ByteView raw_bytes;
    bool absurd = false;
    bool external = false;
    bool strange = false;
    FieldReader fields(bytes);
    while (const auto field = fields.Next()) {
      bool sound = true;
      const auto count = [&](std::uint64_t number) {
        if (++listed <= MadeSizes::kMostSides)
          read.numbers.push_back(static_cast<std::int64_t>(number));
      };
      switch (field->number) {
        case tensor::kDims:
          sound = ForEachNumber(*field, [&](std::uint64_t side) {
            absurd = absurd || side > kMostElements || elements * side > kMostElements;
            if (!absurd) elements *= side;
          });
          break;
        case tensor::kType:
          type = field->value;
          break;
        case tensor::kName:
          read.name = field->text();
          break;
        case tensor::kRaw:
          sound = field->type == 2 && !raw;
          raw = field->bytes.size();
          raw_bytes = field->bytes;
          break;
        case tensor::kFloats:
          listed += field->type == 5 ? 1 : field->bytes.size() / 4;
          break;
        case tensor::kDoubles:
          listed += field->type == 1 ? 1 : field->bytes.size() / 8;
          break;
        case tensor::kInts:
        case tensor::kLongs:
        case tensor::kUnsigned:
          sound = ForEachNumber(*field, count);
          break;
        case tensor::kExternal:
          external = true;
          break;
        case tensor::kLocation:
          external = external || field->value != 0;
          break;
        case tensor::kSegment:
        case tensor::kStrings:
          strange = true;
          break;
        default:
          break;
      }
      if (!sound) return Damaged("a weight");
    }
    if (fields.damaged()) return Damaged("a weight");
    const std::string name = "the weight " + Shown(read.name);
    if (external) {
      return Refused("keeps " + name + " in another file; write the model as one file");
    }
    const std::uint64_t each = ElementBytes(type);
    if (strange || each == 0) return Refused("has " + name + " of a type that is not supported");
    if (absurd) return Refused("has " + name + " of an absurd shape");
    if (raw ? *raw != elements * each || listed != 0 : listed != elements) {
      return Refused("has " + name + ", which is not as long as its shape says");
    }
    read.bytes = elements * each;
    read.elements = elements;
    if (type != kInt64 || elements > MadeSizes::kMostSides) {
      read.numbers.clear();
    } else if (raw) {
      read.numbers = ReadLongs(raw_bytes);
    }
    return read;
  }

  base::Result<void> FindInput() {
    std::erase_if(inputs_,
                  [this](const Value& value) { return initialized_.contains(value.name); });
    if (inputs_.size() != 1) {
      return Refused("has " + std::to_string(inputs_.size()) +
                     " inputs; a detector takes one, the picture");
    }
    const Value& input = inputs_.front();
    const Shape& shape = input.shape;
    const bool dynamic = std::ranges::any_of(shape, [](std::int64_t side) { return side <= 0; });
    const bool last = shape.size() == 4 && shape[3] == 3 && shape[1] != 3;
    if (dynamic) {
      return Refused(
          "has an input whose shape is not fixed; export it with a batch of 1 and fixed "
          "sides");
    }
    if (input.type != kFloat || shape.size() != 4 || shape[0] != 1 || (!last && shape[1] != 3)) {
      return Refused("has an input of " + ShapeText(shape) +
                     "; a detector takes floats of 1x3xHEIGHTxWIDTH or 1xHEIGHTxWIDTHx3");
    }
    const std::int64_t height = last ? shape[1] : shape[2];
    const std::int64_t width = last ? shape[2] : shape[3];
    if (std::min(width, height) < kSmallestSide || std::max(width, height) > kLargestSide) {
      return Refused("has an input of " + ShapeText(shape) + "; its sides must be " +
                     std::to_string(kSmallestSide) + " to " + std::to_string(kLargestSide) +
                     " pixels");
    }
    file_.input = input.name;
    file_.input_shape = shape;
    file_.channels_last = last;
    file_.width = static_cast<int>(width);
    file_.height = static_cast<int>(height);
    return {};
  }

  OnnxFile file_;
  std::vector<Value> inputs_;
  std::set<std::string> initialized_;
  MadeSizes sizes_;
  Tensor last_;
  std::size_t nodes_ = 0;
};

}  // namespace

base::Result<OnnxFile> ReadOnnxFile(base::ByteView bytes) { return Reader().Read(bytes); }

}  // namespace sampleproc::detect
