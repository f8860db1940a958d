// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/number_sample.h"

#include <cmath>
#include <limits>

#include "experiments/base/fact_rows.h"

namespace tierwise {
namespace {

// Beyond the bits that shards go by.
double PlaceOf(uint64_t order) { return std::ldexp(static_cast<double>(order << kPartitionBits), -64); }

}  // namespace

NumberSample SampleNumbers(const UserScan& scan, const AttributeSchema& schema, absl::Span<const int> slots,
                           size_t max_users, int threads) {
  std::vector<int64_t> users(kUserShards);
  ForEachShard(threads, [&](int shard, int) {
    UserAttributes attributes(schema);
    scan.ForEach(shard, ReadPlan(), attributes, [&](const ScannedUser&) { ++users[static_cast<size_t>(shard)]; });
  });
  int64_t known = 0;
  for (const int64_t count : users) known += count;
  const double share = static_cast<double>(max_users) / static_cast<double>(known);

  const ReadPlan plan(scan.table(), schema, slots);
  std::vector<NumberSample> of_shards(kUserShards);
  ForEachShard(threads, [&](int shard, int) {
    NumberSample& sample = of_shards[static_cast<size_t>(shard)];
    sample.columns.resize(slots.size());
    UserAttributes attributes(schema);
    scan.ForEach(shard, plan, attributes, [&](const ScannedUser& user) {
      if (PlaceOf(UserOrder(user.key)) >= share) return;
      sample.keys.push_back(user.key);
      for (size_t i = 0; i < slots.size(); ++i) {
        double number = std::numeric_limits<double>::quiet_NaN();
        if (user.attributes.has(slots[i])) {
          const bool is_double = schema.TypeOf(slots[i]) == v1::ATTRIBUTE_TYPE_DOUBLE;
          number =
              is_double ? user.attributes.number(slots[i]) : static_cast<double>(user.attributes.integer(slots[i]));
        }
        sample.columns[i].push_back(number);
      }
    });
  });

  NumberSample sample;
  sample.columns.resize(slots.size());
  for (const NumberSample& of_shard : of_shards) {
    // By chance the shares of the shards may come to a few more.
    for (size_t row = 0; row < of_shard.keys.size() && sample.keys.size() < max_users; ++row) {
      sample.keys.push_back(of_shard.keys[row]);
      for (size_t i = 0; i < slots.size(); ++i) sample.columns[i].push_back(of_shard.columns[i][row]);
    }
  }
  return sample;
}

}  // namespace tierwise
