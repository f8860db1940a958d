// SPDX-License-Identifier: Apache-2.0
#include "experiments/assignment/bucketing.h"

#include <utility>

namespace tierwise {
namespace {

uint32_t RotateLeft(uint32_t x, int bits) { return (x << bits) | (x >> (32 - bits)); }

uint32_t MixBlock(uint32_t block) { return RotateLeft(block * 0xcc9e2d51u, 15) * 0x1b873593u; }

uint32_t AddBlock(uint32_t state, uint32_t block) { return RotateLeft(state ^ MixBlock(block), 13) * 5 + 0xe6546b64u; }

uint32_t Finish(uint32_t state, uint32_t length) {
  state ^= length;
  state = (state ^ (state >> 16)) * 0x85ebca6bu;
  state = (state ^ (state >> 13)) * 0xc2b2ae35u;
  return state ^ (state >> 16);
}

// The bytes of [from, from + count), count <= 4, as a little-endian number on every machine.
uint32_t Load(const char* from, size_t count) {
  uint32_t value = 0;
  for (size_t i = 0; i < count; ++i) value |= uint32_t{static_cast<unsigned char>(from[i])} << (8 * i);
  return value;
}

struct Prefix {
  uint32_t state;
  uint32_t carry;
};

Prefix Begin(absl::string_view salt) {
  uint32_t state = 0;
  size_t at = 0;
  for (; at + 4 <= salt.size(); at += 4) state = AddBlock(state, Load(salt.data() + at, 4));
  return {state, Load(salt.data() + at, salt.size() - at)};
}

// The hash of a salt of `salt_size` bytes, of which `prefix` is the beginning, and `unit_id`. The unit's bytes are
// shifted up behind the salt's last bytes, so blocks need not start where the unit does.
uint32_t Continue(Prefix prefix, size_t salt_size, absl::string_view unit_id) {
  const size_t carried = salt_size % 4;
  uint32_t state = prefix.state;
  uint64_t pending = prefix.carry;
  size_t at = 0;
  for (; at + 4 <= unit_id.size(); at += 4) {
    pending |= uint64_t{Load(unit_id.data() + at, 4)} << (8 * carried);
    state = AddBlock(state, static_cast<uint32_t>(pending));
    pending >>= 32;
  }
  const size_t left = unit_id.size() - at;
  pending |= uint64_t{Load(unit_id.data() + at, left)} << (8 * carried);
  if (carried + left >= 4) {
    state = AddBlock(state, static_cast<uint32_t>(pending));
    pending >>= 32;
  }
  state ^= MixBlock(static_cast<uint32_t>(pending));
  return Finish(state, static_cast<uint32_t>(salt_size + unit_id.size()));
}

uint32_t Scale(uint32_t hash, uint32_t total_weight) {
  return static_cast<uint32_t>((uint64_t{hash} * total_weight) >> 32);
}

}  // namespace

uint32_t HashOf(absl::string_view salt, absl::string_view unit_id) {
  return Continue(Begin(salt), salt.size(), unit_id);
}

uint32_t BucketOf(absl::string_view salt, absl::string_view unit_id, uint32_t total_weight) {
  return Scale(HashOf(salt, unit_id), total_weight);
}

Salt::Salt(std::string text) : text_(std::move(text)) {
  const Prefix prefix = Begin(text_);
  state_ = prefix.state;
  carry_ = prefix.carry;
}

uint32_t Salt::Hash(absl::string_view unit_id) const { return Continue({state_, carry_}, text_.size(), unit_id); }

uint32_t Salt::Bucket(absl::string_view unit_id, uint32_t total_weight) const {
  return Scale(Hash(unit_id), total_weight);
}

}  // namespace tierwise
