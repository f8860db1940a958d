// SPDX-License-Identifier: Apache-2.0
#include "tests/experiments/analysis/hillstrom.h"

#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"

namespace tierwise {
namespace {

MetricData Metric(const char* id, Estimand estimand, size_t cells) {
  MetricData metric;
  metric.id = id;
  metric.revision = 1;
  metric.estimand = estimand;
  metric.window = absl::Hours(14 * 24);
  metric.cells.assign(cells, JointMoments(1));
  return metric;
}

}  // namespace

CampaignData HillstromData() {
  CampaignData data;
  data.id = "hillstrom";
  data.revision = 1;
  data.as_of = absl::FromUnixSeconds(1'210'000'000);
  data.variants = {"no_email", "mens", "womens"};
  for (const char* tier : {"head", "waist", "tail"}) data.tiers.push_back({tier, 1, {1.0 / 3, 1.0 / 3, 1.0 / 3}});
  data.users.assign(9, 0);
  data.metrics = {Metric("visit", Estimand::kRate, 9), Metric("conversion", Estimand::kRate, 9),
                  Metric("spend", Estimand::kMean, 9)};
  data.metrics[0].role = v1::METRIC_ROLE_PRIMARY;
  data.secondary_metrics = 2;
  data.first_exposure = data.last_exposure = absl::FromUnixSeconds(1'206'000'000);

  const std::map<std::string, size_t> variants = {{"No E-Mail", 0}, {"Mens E-Mail", 1}, {"Womens E-Mail", 2}};
  std::ifstream file(TIERWISE_SOURCE_DIR "/examples/hillstrom/cells.csv");
  std::string line;
  while (std::getline(file, line)) {
    // history_segment,recency,newbie,arm,visit,conversion,spend,users; the last band is quoted: "7) $1,000 +".
    const std::string band = line.substr(line[0] == '"' ? 1 : 0, 1);
    const std::vector<std::string> fields = absl::StrSplit(line.substr(line.rfind(')') + 1), ',');
    if (band < "1" || band > "7") continue;
    const size_t n = fields.size();
    const size_t tier = band >= "5" ? 0 : band >= "3" ? 1 : 2;
    const size_t cell = data.CellOf(tier, variants.at(fields[n - 5]));
    const int64_t users = std::atoll(fields[n - 1].c_str());
    data.users[cell] += users;
    for (size_t m = 0; m < 3; ++m) {
      data.metrics[m].cells[cell].AddRepeated({std::atof(fields[n - 4 + m].c_str())}, users);
    }
  }
  return data;
}

}  // namespace tierwise
