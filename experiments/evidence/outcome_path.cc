// SPDX-License-Identifier: Apache-2.0
#include "experiments/evidence/outcome_path.h"

#include <algorithm>
#include <utility>

namespace tierwise {

OutcomePath::OutcomePath(const PlannedMetric& metric, std::vector<int64_t> looks_micros, size_t cells)
    : metric_(&metric),
      looks_micros_(std::move(looks_micros)),
      users_(looks_micros_.size(), std::vector<int64_t>(cells)),
      from_(looks_micros_.size(), std::vector<JointMoments>(cells)),
      at_(from_),
      outcomes_(metric.variables.size()) {}

size_t OutcomePath::LookAfter(int64_t time_micros) const {
  const auto after = std::upper_bound(looks_micros_.begin(), looks_micros_.end(), time_micros);
  return static_cast<size_t>(after - looks_micros_.begin());
}

std::vector<size_t> OutcomePath::ChangesOf(const UserFacts& user) const {
  std::vector<size_t> changes;
  for (const OutcomeRule& rule : metric_->variables) {
    for (const EventRow& event : EventsOfName(user.events, rule.event)) {
      const int64_t since_exposure = event.time_micros - user.first_exposure_micros;
      if (since_exposure < std::max<int64_t>(0, rule.begin_micros) || since_exposure >= rule.end_micros) continue;
      const size_t look = LookAfter(event.time_micros);
      if (look < looks_micros_.size()) changes.push_back(look);
    }
  }
  std::sort(changes.begin(), changes.end());
  changes.erase(std::unique(changes.begin(), changes.end()), changes.end());
  return changes;
}

bool OutcomePath::ComputeAt(size_t look, const UserFacts& user) {
  for (size_t i = 0; i < outcomes_.size(); ++i) {
    OutcomeRule rule = metric_->variables[i];
    rule.end_micros = std::min(rule.end_micros, looks_micros_[look] - user.first_exposure_micros);
    outcomes_[i] = OutcomeOf(rule, user.first_exposure_micros, EventsOfName(user.events, rule.event));
  }
  return std::any_of(outcomes_.begin(), outcomes_.end(), [](double x) { return x != 0.0; });
}

void OutcomePath::AddTo(JointMoments& moments) const {
  if (moments.size() == 0) moments = JointMoments(static_cast<int>(outcomes_.size()));
  moments.Add(outcomes_);
}

void OutcomePath::AddUser(size_t cell, const UserFacts& user) {
  const size_t first = LookAfter(user.first_exposure_micros);
  if (first == looks_micros_.size()) return;
  ++users_[first][cell];
  if (user.events.empty()) return;
  size_t begin = first;
  for (const size_t change : ChangesOf(user)) {
    if (change <= first) continue;
    if (change > begin && ComputeAt(begin, user)) {
      for (size_t look = begin; look < change; ++look) AddTo(at_[look][cell]);
    }
    begin = change;
  }
  if (ComputeAt(begin, user)) AddTo(from_[begin][cell]);
}

void OutcomePath::Merge(const OutcomePath& other) {
  for (size_t look = 0; look < looks_micros_.size(); ++look) {
    for (size_t cell = 0; cell < users_[look].size(); ++cell) {
      users_[look][cell] += other.users_[look][cell];
      from_[look][cell].Merge(other.from_[look][cell]);
      at_[look][cell].Merge(other.at_[look][cell]);
    }
  }
}

std::vector<std::vector<JointMoments>> OutcomePath::Take() const {
  Table<JointMoments> path;
  const size_t cells = users_.empty() ? 0 : users_.front().size();
  std::vector<int64_t> users(cells);
  std::vector<JointMoments> lasting(cells);
  const std::vector<double> zeros(outcomes_.size());
  for (size_t look = 0; look < looks_micros_.size(); ++look) {
    std::vector<JointMoments>& moments = path.emplace_back();
    for (size_t cell = 0; cell < cells; ++cell) {
      users[cell] += users_[look][cell];
      lasting[cell].Merge(from_[look][cell]);
      JointMoments& all = moments.emplace_back(static_cast<int>(zeros.size()));
      all.AddRepeated(zeros, users[cell] - lasting[cell].n() - at_[look][cell].n());
      all.Merge(lasting[cell]);
      all.Merge(at_[look][cell]);
    }
  }
  return path;
}

}  // namespace tierwise
