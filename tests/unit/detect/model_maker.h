// Networks that tests write themselves: a few kB of ONNX whose answers are known by construction.
//
//   picture -> (transposed) -> mean of each channel -> for each output: a 1x1 convolution whose
//   bias is the answer and whose weights may make numbers depend on the means -> reshaped
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace sampleproc::detect {

// A message of protocol buffers being written.
class Message {
 public:
  Message& Number(std::uint32_t field, std::uint64_t value) {
    Varint(std::uint64_t{field} << 3u);
    Varint(value);
    return *this;
  }
  Message& Text(std::uint32_t field, std::string_view text) {
    Varint(std::uint64_t{field} << 3u | 2u);
    Varint(text.size());
    bytes_ += text;
    return *this;
  }
  Message& Child(std::uint32_t field, const Message& child) { return Text(field, child.bytes_); }
  const std::string& bytes() const { return bytes_; }

 private:
  void Varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7u) bytes_ += static_cast<char>(value | 0x80u);
    bytes_ += static_cast<char>(value);
  }
  std::string bytes_;
};

inline std::string RawFloats(const std::vector<float>& numbers) {
  std::string raw;
  for (const float number : numbers) {
    const auto bits = std::bit_cast<std::uint32_t>(number);
    for (unsigned i = 0; i < 4; ++i) raw += static_cast<char>(bits >> (8 * i));
  }
  return raw;
}

class ModelMaker {
 public:
  using Sides = std::vector<std::int64_t>;

  // `slow_layers`: so many convolutions of 16 channels first, to have a run that takes its time.
  ModelMaker(int width, int height, bool channels_last = false, int slow_layers = 0)
      : input_(channels_last ? Sides{1, height, width, 3} : Sides{1, 3, height, width}) {
    std::string pixels = "picture";
    if (channels_last) {
      graph_.Child(1, Node("Transpose", {pixels}, "planes", {Ints("perm", {0, 3, 1, 2})}));
      pixels = "planes";
    }
    for (int i = 0; i < slow_layers; ++i) {
      const std::int64_t from = i == 0 ? 3 : 16;
      const std::int64_t to = i == slow_layers - 1 ? 3 : 16;
      const std::string name = "slow" + std::to_string(i);
      Weight(name + ".weight", {to, from, 3, 3},
             std::vector<float>(static_cast<std::size_t>(to * from * 9), 0.01f));
      graph_.Child(1, Node("Conv", {pixels, name + ".weight"}, name,
                           {Ints("kernel_shape", {3, 3}), Ints("pads", {1, 1, 1, 1})}));
      pixels = name;
    }
    graph_.Child(1, Node("GlobalAveragePool", {pixels}, "means", {}));
  }

  // The output `name` of this shape: `values`, and to each of them its `slopes` times the means of
  // the three channels, in the network's order. No slopes: the values alone.
  ModelMaker& Output(const std::string& name, const Sides& shape, const std::vector<float>& values,
                     const std::vector<std::array<float, 3>>& slopes = {}) {
    std::vector<float> weights(values.size() * 3, 0.0f);
    for (std::size_t i = 0; i < slopes.size(); ++i) {
      for (std::size_t c = 0; c < 3; ++c) weights[3 * i + c] = slopes[i][c];
    }
    const auto count = static_cast<std::int64_t>(values.size());
    Weight(name + ".weight", {count, 3, 1, 1}, weights);
    Weight(name + ".bias", {count}, values);
    graph_.Child(1, Node("Conv", {"means", name + ".weight", name + ".bias"}, name + ".flat",
                         {Ints("kernel_shape", {1, 1})}));
    Longs(name + ".shape", shape);
    graph_.Child(1, Node("Reshape", {name + ".flat", name + ".shape"}, name, {}));
    outputs_.push_back({name, shape});
    return *this;
  }

  // One layer more that nothing needs, for files that libraries should not see.
  ModelMaker& Layer(const std::string& op, const std::vector<Message>& attributes) {
    graph_.Child(1, Node(op, {"means"}, "unused", attributes));
    return *this;
  }
  // A constant list, and a layer that takes what has these names.
  ModelMaker& Constant(const std::string& name, const Sides& values) {
    Longs(name, values);
    return *this;
  }
  ModelMaker& Made(const std::string& op, const std::vector<std::string>& inputs) {
    graph_.Child(1, Node(op, inputs, "made" + std::to_string(made_++), {}));
    return *this;
  }
  // A layer that makes twice of what has this name; the name of what it makes.
  std::string Doubled(const std::string& name) {
    std::string made = "made" + std::to_string(made_++);
    graph_.Child(1, Node("Concat", {name, name}, made, {Int("axis", 2)}));
    return made;
  }
  // What has this name is an output, too.
  ModelMaker& OutputOf(const std::string& name) {
    outputs_.push_back({name, {1, 3, -1, 1}});
    return *this;
  }
  // A function of the model's own that no layer calls.
  ModelMaker& Function(const std::string& name) {
    functions_.push_back(Message().Text(1, name).Text(10, "own"));
    return *this;
  }
  ModelMaker& Initializer(const Message& tensor) {
    graph_.Child(5, tensor);
    return *this;
  }
  ModelMaker& Input(const Sides& shape) {
    input_ = shape;
    return *this;
  }

  std::string Make() const {
    Message graph = graph_;
    graph.Text(2, "made by a test").Child(11, Value("picture", input_));
    for (const auto& [name, shape] : outputs_) graph.Child(12, Value(name, shape));
    Message model;
    model.Number(1, 8).Child(7, graph).Child(8, Message().Text(1, "").Number(2, 11));
    for (const Message& function : functions_) model.Child(25, function);
    return model.bytes();
  }

  static Message Ints(std::string_view name, const Sides& numbers) {
    Message attribute;
    attribute.Text(1, name).Number(20, 7);
    for (const std::int64_t number : numbers) {
      attribute.Number(8, static_cast<std::uint64_t>(number));
    }
    return attribute;
  }

  static Message Int(std::string_view name, std::int64_t number) {
    return Message().Text(1, name).Number(20, 2).Number(3, static_cast<std::uint64_t>(number));
  }

  static Message Tensor(const std::string& name, const Sides& shape, std::string_view raw) {
    Message tensor;
    for (const std::int64_t side : shape) tensor.Number(1, static_cast<std::uint64_t>(side));
    return tensor.Number(2, 1).Text(8, name).Text(9, raw);
  }

 private:
  struct Named {
    std::string name;
    Sides shape;
  };

  static Message Node(std::string_view op, const std::vector<std::string>& inputs,
                      const std::string& output, const std::vector<Message>& attributes) {
    Message node;
    for (const std::string& input : inputs) node.Text(1, input);
    node.Text(2, output).Text(3, "layer_" + output).Text(4, op);
    for (const Message& attribute : attributes) node.Child(5, attribute);
    return node;
  }

  static Message Value(const std::string& name, const Sides& shape) {
    Message sides;
    for (const std::int64_t side : shape) {
      sides.Child(1, side >= 0 ? Message().Number(1, static_cast<std::uint64_t>(side))
                               : Message().Text(2, "any"));
    }
    const Message tensor = Message().Number(1, 1).Child(2, sides);
    return Message().Text(1, name).Child(2, Message().Child(1, tensor));
  }

  void Weight(const std::string& name, const Sides& shape, const std::vector<float>& values) {
    graph_.Child(5, Tensor(name, shape, RawFloats(values)));
  }
  void Longs(const std::string& name, const Sides& values) {
    Message tensor;
    tensor.Number(1, values.size()).Number(2, 7);
    for (const std::int64_t value : values) tensor.Number(7, static_cast<std::uint64_t>(value));
    graph_.Child(5, tensor.Text(8, name));
  }

  Message graph_;
  Sides input_;
  std::vector<Named> outputs_;
  std::vector<Message> functions_;
  int made_ = 0;
};

// Finds one cup, of the classes cat and cup, in any picture.
inline std::string OneCup() {
  std::vector<float> values(84 * 7, 0.0f);
  const std::vector<float> row = {0.5f, 0.5f, 0, 0, 0.9f, 0, 1.0f};
  std::ranges::copy(row, values.begin());
  return ModelMaker(64, 64).Output("out", {1, 84, 7}, values).Make();
}

}  // namespace sampleproc::detect
