// SPDX-License-Identifier: Apache-2.0
#include "server/services/event_checks.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "experiments/audience/time_micros.h"
#include "experiments/audience/user_attributes.h"
#include "experiments/base/utf8.h"

namespace tierwise {
namespace {

constexpr size_t kMaxIdBytes = 256;
constexpr size_t kMaxNameBytes = 128;
constexpr size_t kMaxPropertiesBytes = 16 * 1024;
constexpr int kMaxPropertiesDepth = 32;
constexpr int kMaxAttributes = 256;
constexpr absl::Duration kMaxAhead = absl::Hours(1);

std::optional<Problem> CheckText(const char* field, const std::string& text, size_t max_bytes) {
  if (text.empty()) return Problem{field, "is required"};
  if (text.size() > max_bytes) {
    return Problem{field, absl::StrCat("has ", text.size(), " bytes; at most ", max_bytes, " are allowed")};
  }
  if (ValidUtf8Prefix(text) != text.size()) return Problem{field, "is not UTF-8"};
  return std::nullopt;
}

std::optional<Problem> CheckTime(const google::protobuf::Timestamp& time, absl::Time now) {
  const std::optional<int64_t> micros = MicrosOf(time);
  if (!micros.has_value() || *micros < 0) return Problem{"time", "must be a moment from 1970 on"};
  if (absl::FromUnixMicros(*micros) > now + kMaxAhead) {
    return Problem{"time", "is more than an hour ahead of the server's clock"};
  }
  return std::nullopt;
}

// Whether `text` is one JSON object, nested at most kMaxPropertiesDepth deep. Builds nothing.
bool IsShallowObject(const std::string& text) {
  struct Reader : nlohmann::json_sax<nlohmann::json> {
    int depth = 0;
    bool is_object = false;
    bool Enter() { return ++depth <= kMaxPropertiesDepth; }
    bool Leave() {
      --depth;
      return true;
    }
    bool Scalar() const { return depth > 0; }
    bool null() override { return Scalar(); }
    bool boolean(bool) override { return Scalar(); }
    bool number_integer(int64_t) override { return Scalar(); }
    bool number_unsigned(uint64_t) override { return Scalar(); }
    bool number_float(double, const std::string&) override { return Scalar(); }
    bool string(std::string&) override { return Scalar(); }
    bool binary(nlohmann::json::binary_t&) override { return false; }
    bool start_object(size_t) override {
      is_object = is_object || depth == 0;
      return Enter();
    }
    bool key(std::string&) override { return true; }
    bool end_object() override { return Leave(); }
    bool start_array(size_t) override { return depth > 0 && Enter(); }
    bool end_array() override { return Leave(); }
    bool parse_error(size_t, const std::string&, const nlohmann::json::exception&) override { return false; }
  };
  Reader reader;
  return nlohmann::json::sax_parse(text, &reader) && reader.is_object;
}

}  // namespace

std::optional<Problem> CheckEvent(const v1::Event& event, absl::Time now) {
  if (auto problem = CheckText("user_id", event.user_id(), kMaxIdBytes)) return problem;
  if (auto problem = CheckText("event_id", event.event_id(), kMaxIdBytes)) return problem;
  if (auto problem = CheckText("name", event.name(), kMaxNameBytes)) return problem;
  if (!event.has_time()) return Problem{"time", "is required"};
  if (auto problem = CheckTime(event.time(), now)) return problem;
  if (event.has_value() && !std::isfinite(event.value())) return Problem{"value", "must be finite"};
  if (event.properties_json().size() > kMaxPropertiesBytes) {
    return Problem{"properties_json", absl::StrCat("has ", event.properties_json().size(), " bytes; at most ",
                                                   kMaxPropertiesBytes, " are allowed")};
  }
  if (!event.properties_json().empty() && !IsShallowObject(event.properties_json())) {
    return Problem{"properties_json",
                   absl::StrCat("must be a JSON object, nested at most ", kMaxPropertiesDepth, " deep")};
  }
  return std::nullopt;
}

std::optional<Problem> CheckExposure(const v1::Exposure& exposure, absl::Time now) {
  if (auto problem = CheckText("user_id", exposure.user_id(), kMaxIdBytes)) return problem;
  if (auto problem = CheckText("campaign", exposure.campaign(), kMaxIdBytes)) return problem;
  if (auto problem = CheckText("variant", exposure.variant(), kMaxIdBytes)) return problem;
  if (exposure.has_time()) {
    if (auto problem = CheckTime(exposure.time(), now)) return problem;
  }
  // The comparison is false for NaN.
  if (!(exposure.propensity() >= 0.0 && exposure.propensity() <= 1.0)) {
    return Problem{"propensity", "must be above 0 and at most 1, or unset"};
  }
  return std::nullopt;
}

std::optional<Problem> CheckProfile(const v1::Profile& profile, const AttributeSchema& schema) {
  if (auto problem = CheckText("user_id", profile.user_id(), kMaxIdBytes)) return problem;
  if (profile.attributes_size() > kMaxAttributes) {
    return Problem{"attributes", absl::StrCat("has ", profile.attributes_size(), " values; at most ", kMaxAttributes,
                                              " are allowed")};
  }
  UserAttributes values(schema);
  std::set<absl::string_view> seen;
  for (int i = 0; i < profile.attributes_size(); ++i) {
    const v1::AttributeValue& value = profile.attributes(i);
    const std::string field = absl::StrCat("attributes[", i, "]");
    if (!schema.SlotOf(value.attribute()).has_value()) {
      return Problem{field, absl::StrCat("\"", value.attribute(), "\" is not a declared attribute")};
    }
    if (schema.IsDerived(*schema.SlotOf(value.attribute()))) {
      return Problem{field, absl::StrCat("\"", value.attribute(), "\" is derived from events and can't be supplied")};
    }
    if (!seen.insert(value.attribute()).second) {
      return Problem{field, absl::StrCat("\"", value.attribute(), "\" is given twice")};
    }
    if (const absl::Status status = values.Set(schema, value); !status.ok()) {
      return Problem{field, std::string(status.message())};
    }
  }
  return std::nullopt;
}

}  // namespace tierwise
