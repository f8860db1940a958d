// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace tierwise {

// What a worked example gives, by name.
class Given {
 public:
  void Put(const std::string& name, std::vector<double> values) { values_[name] = std::move(values); }

  // The values of `name`; fails the test where there are none.
  const std::vector<double>& List(const std::string& name) const;
  double Number(const std::string& name) const { return List(name)[0]; }
  // Whether `name` is given.
  bool Has(const std::string& name) const { return values_.count(name) > 0; }
  // Names that nothing has asked for, separated by spaces.
  std::string Unused() const;

 private:
  std::map<std::string, std::vector<double>> values_;
  mutable std::set<std::string> used_;
};

using Results = std::vector<std::pair<std::string, std::vector<double>>>;

struct WorkedExample {
  std::string name;
  std::function<Results(const Given&)> compute;
};

// The page whose examples are tested, from the root of the tree.
std::string WorkedExamplesPage();

// Every worked example of that page, computed by the functions that it documents.
std::vector<WorkedExample> WorkedExamples();

// The parts of WorkedExamples for docs/statistics.md.
std::vector<WorkedExample> EstimatorExamples();
std::vector<WorkedExample> InferenceExamples();

}  // namespace tierwise
