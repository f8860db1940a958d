// SPDX-License-Identifier: Apache-2.0
// The proto's comments once more, event by event, with no thought of speed.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/experiments/audience/event_facts.h"

namespace tierwise {
namespace {

constexpr int64_t kMicros = 1'000'000;
constexpr int64_t kDay = 86'400 * kMicros;

using Names = google::protobuf::RepeatedPtrField<std::string>;

int64_t Micros(bool is_set, const google::protobuf::Duration& duration, int64_t otherwise) {
  return is_set ? duration.seconds() * kMicros + duration.nanos() / 1'000 : otherwise;
}

// One user's events as of a moment.
struct World {
  const v1::Derivation& derivation;
  uint64_t user;
  absl::Span<const EventFact> facts;
  int64_t as_of;

  // Names are in `names` (empty: any), times in [begin, end]; each id once; by time.
  std::vector<EventFact> Events(const Names& names, int64_t begin, int64_t end) const {
    std::map<uint64_t, EventFact> by_id;
    for (const EventFact& fact : facts) {
      const bool has_name = names.empty() || std::find(names.begin(), names.end(), fact.name) != names.end();
      const bool has_property = derivation.property().empty() || !fact.property.empty();
      if (fact.user != user || !has_name || !has_property) continue;
      if (fact.time_micros < begin || fact.time_micros > end || fact.time_micros > as_of) continue;
      const auto [known, is_new] = by_id.emplace(fact.event, fact);
      const EventFact& other = known->second;
      if (!is_new && std::pair(fact.time_micros, fact.value) < std::pair(other.time_micros, other.value)) {
        known->second = fact;
      }
    }
    std::vector<EventFact> events;
    for (const auto& [id, fact] : by_id) events.push_back(fact);
    std::stable_sort(events.begin(), events.end(),
                     [](const EventFact& a, const EventFact& b) { return a.time_micros < b.time_micros; });
    return events;
  }
};

double Sum(const std::vector<EventFact>& events) {
  double sum = 0.0;
  for (const EventFact& event : events) sum += event.value;
  return sum;
}

std::string Quotient(double above, double below, double less) {
  return below == 0.0 ? "none" : absl::StrFormat("%.17g", above / below - less);
}

std::string Favourite(const std::vector<EventFact>& events) {
  std::map<std::string, std::pair<int, size_t>> counts;  // and the latest place
  for (size_t i = 0; i < events.size(); ++i) {
    counts[events[i].property].first += 1;
    counts[events[i].property].second = i;
  }
  std::string best = "none";
  std::pair<int, size_t> most;
  for (const auto& [value, count] : counts) {
    if (count < most) continue;
    best = value;
    most = count;
  }
  return best;
}

std::string Stage(const v1::LifeCycle& cycle, const std::vector<EventFact>& events, int64_t as_of) {
  if (events.empty()) return "none";
  const int64_t new_for = Micros(cycle.has_new_for(), cycle.new_for(), 30 * kDay);
  const int64_t active_for = Micros(cycle.has_active_for(), cycle.active_for(), 30 * kDay);
  const int64_t dormant_after = Micros(cycle.has_dormant_after(), cycle.dormant_after(), 90 * kDay);
  const int64_t won_back_for = Micros(cycle.has_won_back_for(), cycle.won_back_for(), 30 * kDay);
  bool came_back = false;
  for (size_t i = 1; i < events.size(); ++i) {
    const int64_t gap = events[i].time_micros - events[i - 1].time_micros;
    if (gap >= dormant_after && as_of - events[i].time_micros <= won_back_for) came_back = true;
  }
  const int64_t last_ago = as_of - events.back().time_micros;
  if (as_of - events.front().time_micros <= new_for) return "new";
  if (last_ago <= active_for) return came_back ? "won_back" : "active";
  return last_ago < dormant_after ? "cooling" : "dormant";
}

size_t Days(const std::vector<EventFact>& events) {
  std::set<int64_t> days;
  for (const EventFact& event : events) days.insert(event.time_micros / kDay);
  return days.size();
}

int Sessions(const std::vector<EventFact>& events, int64_t gap) {
  int sessions = events.empty() ? 0 : 1;
  for (size_t i = 1; i < events.size(); ++i) {
    if (events[i].time_micros - events[i - 1].time_micros > gap) ++sessions;
  }
  return sessions;
}

size_t Distinct(const std::vector<EventFact>& events) {
  std::set<std::string> values;
  for (const EventFact& event : events) values.insert(event.property);
  return values.size();
}

}  // namespace

std::string NaiveValue(const v1::Attribute& attribute, uint64_t user, absl::Span<const EventFact> facts,
                       int64_t as_of_micros) {
  const v1::Derivation& d = attribute.derivation();
  const World world = {d, user, facts, as_of_micros};
  const int64_t window = Micros(d.has_window(), d.window(), as_of_micros);
  const int64_t begin = as_of_micros - window;
  const std::vector<EventFact> events = world.Events(d.events(), begin, as_of_micros);
  const auto count = static_cast<double>(events.size());
  switch (d.aggregate()) {
    case v1::AGGREGATE_COUNT:
      return absl::StrCat(events.size());
    case v1::AGGREGATE_SUM:
      return absl::StrFormat("%.17g", Sum(events));
    case v1::AGGREGATE_MEAN:
      return Quotient(Sum(events), count, 0.0);
    case v1::AGGREGATE_OCCURRED:
      return events.empty() ? "false" : "true";
    case v1::AGGREGATE_REPEATED:
      return Days(events) >= 2 ? "true" : "false";
    case v1::AGGREGATE_ACTIVE_DAYS:
      return absl::StrCat(Days(events));
    case v1::AGGREGATE_SESSIONS:
      return absl::StrCat(Sessions(events, Micros(d.has_session_gap(), d.session_gap(), 30 * 60 * kMicros)));
    case v1::AGGREGATE_DISTINCT:
      return absl::StrCat(Distinct(events));
    case v1::AGGREGATE_FAVOURITE:
      return Favourite(events);
    case v1::AGGREGATE_FIRST_TIME:
    case v1::AGGREGATE_TENURE_DAYS:
      return events.empty() ? "none" : absl::StrCat(events.front().time_micros);
    case v1::AGGREGATE_LAST_TIME:
    case v1::AGGREGATE_RECENCY_DAYS:
      return events.empty() ? "none" : absl::StrCat(events.back().time_micros);
    case v1::AGGREGATE_RATIO: {
      const std::vector<EventFact> below = world.Events(d.denominator_events(), begin, as_of_micros);
      if (d.ratio_of_sums()) return Quotient(Sum(events), Sum(below), 0.0);
      return Quotient(count, static_cast<double>(below.size()), 0.0);
    }
    case v1::AGGREGATE_TREND:
      return Quotient(count, static_cast<double>(world.Events(d.events(), begin - window, begin - 1).size()), 1.0);
    case v1::AGGREGATE_LIFE_CYCLE:
      return Stage(d.life_cycle(), events, as_of_micros);
    default:
      return "unknown aggregate";
  }
}

}  // namespace tierwise
