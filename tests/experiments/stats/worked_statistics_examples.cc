// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "tests/experiments/stats/worked_examples.h"

namespace tierwise {

std::string WorkedExamplesPage() { return "docs/statistics.md"; }

std::vector<WorkedExample> WorkedExamples() {
  std::vector<WorkedExample> examples = EstimatorExamples();
  for (WorkedExample& example : InferenceExamples()) examples.push_back(std::move(example));
  return examples;
}

}  // namespace tierwise
