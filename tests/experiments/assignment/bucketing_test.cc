// SPDX-License-Identifier: Apache-2.0
#include "experiments/assignment/bucketing.h"

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tierwise {
namespace {

struct FlagdVector {
  std::string key;
  uint32_t hash;
  std::vector<uint32_t> weights;
  uint32_t bucket;
  std::string arm;
};

// From flagd's own suites: its testbed's scenarios (the first 19, of which the last five hash to the ends of the range)
// and the unit tests of its core.
const std::vector<FlagdVector>& FlagdVectors() {
  static const auto* const vectors = new std::vector<FlagdVector>{
      {"fractional-flagjack", 2682799072u, {25, 25, 25, 25}, 62, "hearts"},
      {"fractional-flagqueen", 4278517551u, {25, 25, 25, 25}, 99, "spades"},
      {"fractional-flagten", 801845258u, {25, 25, 25, 25}, 18, "clubs"},
      {"fractional-flagnine", 1406129861u, {25, 25, 25, 25}, 32, "diamonds"},
      {"fractional-flag3", 604371928u, {25, 25, 25, 25}, 14, "clubs"},
      {"fractional-flag-shorthandjon@company.com", 618039204u, {1, 1}, 0, "heads"},
      {"fractional-flag-shorthandjane@company.com", 2316038310u, {1, 1}, 1, "tails"},
      {"shared-seedjack", 2723392519u, {25, 25, 25, 25}, 63, "hearts"},
      {"shared-seedqueen", 2357267051u, {25, 25, 25, 25}, 54, "hearts"},
      {"shared-seedten", 2755116701u, {25, 25, 25, 25}, 64, "hearts"},
      {"shared-seednine", 803549583u, {25, 25, 25, 25}, 18, "clubs"},
      {"shared-seedseven", 2854277753u, {25, 25, 25, 25}, 66, "hearts"},
      {"shared-seedeight", 1563615273u, {25, 25, 25, 25}, 36, "diamonds"},
      {"shared-seedtwo", 3695917884u, {25, 25, 25, 25}, 86, "spades"},
      {"ejOoVL", 0u, {50, 50}, 0, "lower"},
      {"bY9fO-", 1u, {50, 50}, 0, "lower"},
      {"SI7p-", 2147483647u, {50, 50}, 49, "lower"},
      {"6LvT0", 2147483648u, {50, 50}, 50, "upper"},
      {"ceQdGm", 4294967295u, {50, 50}, 99, "upper"},
      {"headerColorrachel@faas.com", 1805633606u, {25, 25, 25, 25}, 42, "blue"},
      {"headerColormonica@faas.com", 3314683759u, {25, 25, 25, 25}, 77, "yellow"},
      {"headerColorjoey@faas.com", 309582631u, {25, 25, 25, 25}, 7, "red"},
      {"headerColorross@faas.com", 1595699981u, {25, 25, 25, 25}, 37, "blue"},
      {"my-seedrachel@faas.com", 2931187178u, {25, 25, 25, 25}, 68, "green"},
      {"my-seedmonica@faas.com", 309002457u, {25, 25, 25, 25}, 7, "red"},
      {"my-seedjoey@faas.com", 1300152927u, {25, 25, 25, 25}, 30, "blue"},
      {"my-seedross@faas.com", 3030988938u, {25, 25, 25, 25}, 70, "green"},
  };
  return *vectors;
}

std::vector<std::string> ArmsOf(const FlagdVector& vector) {
  if (vector.arm == "heads" || vector.arm == "tails") return {"heads", "tails"};
  if (vector.arm == "lower" || vector.arm == "upper") return {"lower", "upper"};
  if (vector.key.find('@') != std::string::npos) return {"red", "blue", "green", "yellow"};
  return {"clubs", "diamonds", "hearts", "spades"};
}

TEST(BucketingTest, AgreesWithFlagdWhereverTheSaltEnds) {
  for (const FlagdVector& vector : FlagdVectors()) {
    uint32_t total = 0;
    for (const uint32_t weight : vector.weights) total += weight;
    for (size_t cut = 0; cut <= vector.key.size(); ++cut) {
      const absl::string_view salt = absl::string_view(vector.key).substr(0, cut);
      const absl::string_view unit = absl::string_view(vector.key).substr(cut);
      EXPECT_EQ(HashOf(salt, unit), vector.hash) << vector.key << " cut at " << cut;
      EXPECT_EQ(BucketOf(salt, unit, total), vector.bucket) << vector.key << " cut at " << cut;
      EXPECT_EQ(Salt(std::string(salt)).Bucket(unit, total), vector.bucket) << vector.key << " cut at " << cut;
    }
  }
}

TEST(BucketingTest, CumulativeWeightsGiveFlagdsArms) {
  for (const FlagdVector& vector : FlagdVectors()) {
    uint32_t upper = 0;
    size_t arm = 0;
    while (vector.bucket >= (upper += vector.weights[arm])) ++arm;
    EXPECT_EQ(ArmsOf(vector)[arm], vector.arm) << vector.key;
  }
}

TEST(BucketingTest, HashesTheBytesOfUtf8) {
  const std::vector<std::pair<std::string, uint32_t>> vectors = {{"user-1", 4171401059u}, {"café", 605818632u},
                                                                 {"Zoë", 2255564058u},    {"ж", 799765989u},
                                                                 {"用户", 3681788688u},   {"😀", 3199479546u}};
  for (const auto& [key, hash] : vectors) {
    for (size_t cut = 0; cut <= key.size(); ++cut) {
      EXPECT_EQ(HashOf(key.substr(0, cut), key.substr(cut)), hash) << key << " cut at " << cut;
    }
  }
}

TEST(BucketingTest, BytesThatAreNoTextAreHashedToo) {
  const std::string bytes("\0\xff\x80\0\x01", 5);
  EXPECT_EQ(HashOf(bytes, ""), HashOf("", bytes));
  EXPECT_NE(HashOf(bytes, ""), HashOf(absl::string_view(bytes).substr(1), ""));
}

TEST(BucketingTest, NothingHashesToZero) { EXPECT_EQ(HashOf("", ""), 0u); }

TEST(BucketingTest, NeverChanges) {
  std::ifstream golden(TIERWISE_SOURCE_DIR "/tests/golden/bucketing.tsv");
  int lines = 0;
  for (std::string line; std::getline(golden, line);) {
    if (line[0] == '#') continue;
    const std::vector<std::string> fields = absl::StrSplit(line, '\t');
    uint32_t weight = 0;
    uint32_t bucket = 0;
    ASSERT_TRUE(fields.size() == 4 && absl::SimpleAtoi(fields[2], &weight) && absl::SimpleAtoi(fields[3], &bucket))
        << line;
    EXPECT_EQ(BucketOf(fields[0], fields[1], weight), bucket) << line;
    EXPECT_EQ(Salt(fields[0]).Bucket(fields[1], weight), bucket) << line;
    ++lines;
  }
  EXPECT_EQ(lines, 398);
}

}  // namespace
}  // namespace tierwise
