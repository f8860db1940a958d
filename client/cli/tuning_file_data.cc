// SPDX-License-Identifier: Apache-2.0
#include "client/cli/tuning_file_data.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/suggestion.h"
#include "client/cli/time_text.h"
#include "client/cli/tuning_cells.h"
#include "client/cli/tuning_costs.h"
#include "client/cli/tuning_trends.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"
#include "experiments/tuning/post_stratified_moments.h"

namespace tierwise {
namespace {

constexpr size_t kMostTiers = 1000;
constexpr size_t kMostNameBytes = 200;
constexpr double kMostDose = 1e9;

// One offer: a dose, counted from the baseline, and what tells it from others of that dose.
using OfferKey = std::pair<double, std::string>;
// What one tier's users did, by offer and stratum.
using OfferCells = std::map<OfferKey, std::map<std::string, JointMoments>>;

class TuningAssembler {
 public:
  TuningAssembler(const TuningSource& source, const TuningOverrides& overrides)
      : source_(source), file_(source.file), overrides_(overrides) {}

  absl::StatusOr<TuningFileData> Run() && {
    NameTiers();
    CheckTop();
    TIERWISE_RETURN_IF_ERROR(problems_.ToStatus());
    for (int i = 0; i < file_.cells_size(); ++i) AddCell(i);
    TIERWISE_RETURN_IF_ERROR(problems_.ToStatus());
    SetEconomics();
    SetVariants();
    for (size_t tier = 0; tier < tiers_.size(); ++tier) SetTier(tier);
    TIERWISE_RETURN_IF_ERROR(problems_.ToStatus());
    out_.baseline_dose = file_.baseline_dose();
    out_.trends = TrendsOf(tiers_, file_);
    return std::move(out_);
  }

 private:
  TuningData& data() { return out_.data; }

  void Problem(const std::string& path, absl::string_view description) {
    problems_.Add(source_.Where(path), description);
  }
  void CellProblem(int cell, absl::string_view field, absl::string_view description) {
    problems_.Add(source_.WhereCell(static_cast<size_t>(cell), field), description);
  }

  void NameTiers() {
    for (int i = 0; i < file_.tiers_size(); ++i) {
      const tuning::TuningFileTier& tier = file_.tiers(i);
      const std::string path = absl::StrCat("tiers[", i, "]");
      if (tier.id().empty()) Problem(path + ".id", "is missing");
      if (IndexOf(tier.id()) < tiers_.size()) Problem(path + ".id", absl::StrCat("`", tier.id(), "` is given twice"));
      if (tier.users() < 0 || tier.users() > kMostTuningUsers) {
        Problem(path + ".users", absl::StrCat("is ", tier.users(), "; must be 0 to ", kMostTuningUsers));
      }
      tiers_.push_back(tier.id());
    }
    for (int i = 0; i < file_.cells_size(); ++i) {
      const std::string& tier = file_.cells(i).tier();
      has_revenue_ = has_revenue_ || file_.cells(i).has_revenue_mean();
      if (tier.empty() || tier.size() > kMostNameBytes) {
        CellProblem(i, "tier", tier.empty() ? "is missing" : "must have at most 200 bytes");
      } else if (IndexOf(tier) == tiers_.size()) {
        if (file_.tiers_size() > 0) {
          CellProblem(i, "tier", absl::StrCat("unknown tier `", tier, "`", Suggestion(tier, tiers_)));
        } else {
          tiers_.push_back(tier);
        }
      }
    }
    if (tiers_.size() > kMostTiers) Problem("cells", absl::StrCat("name more than ", kMostTiers, " tiers"));
    cells_.resize(tiers_.size());
  }

  size_t IndexOf(const std::string& tier) const {
    return static_cast<size_t>(std::find(tiers_.begin(), tiers_.end(), tier) - tiers_.begin());
  }

  void CheckTop() {
    if (!(std::abs(file_.baseline_dose()) <= kMostDose)) Problem("baseline_dose", "must be at most 1e9 in size");
    if (!(step() >= 0.0 && step() <= kMostDose))
      Problem("dose_step", absl::StrCat("is ", step(), "; must be 0 to 1e9"));
  }

  double step() const { return overrides_.dose_step.value_or(file_.dose_step()); }

  // A dose as the plan counts it: from the baseline, in steps where they are asked for.
  double Counted(double dose) const {
    const double above = dose - file_.baseline_dose();
    return step() > 0.0 ? std::round(above / step()) * step() : above;
  }

  void AddCell(int i) {
    const tuning::TuningFileCell& cell = file_.cells(i);
    if (!cell.has_dose()) return CellProblem(i, "dose", "is missing; the baseline, without an offer, is a dose, too");
    const double dose = Counted(cell.dose());
    if (!(dose >= 0.0 && dose <= kMostDose)) {
      return CellProblem(i, "dose",
                         absl::StrCat("is ", cell.dose(), "; must be from ", file_.baseline_dose(),
                                      file_.baseline_dose() == 0.0 ? "" : ", the baseline_dose,", " to 1e9"));
    }
    const auto key = std::make_tuple(cell.tier(), cell.dose(), cell.variant(), cell.stratum());
    if (const auto [first, is_new] = seen_.emplace(key, i); !is_new) {
      return CellProblem(i, "",
                         absl::StrCat("the same tier, dose", cell.variant().empty() ? "" : ", variant",
                                      cell.stratum().empty() ? "" : ", stratum", " as ",
                                      source_.WhereCell(static_cast<size_t>(first->second), ""),
                                      "; give each once, or `variant` or `stratum` to tell them apart"));
    }
    JointMoments moments = OutcomesOf(cell, has_revenue_, [&](absl::string_view field, absl::string_view description) {
      CellProblem(i, field, description);
    });
    if (moments.n() == 0) return;
    cells_[IndexOf(cell.tier())][{dose, cell.variant()}][cell.stratum()].Merge(moments);
  }

  void SetEconomics() {
    v1::OfferEconomics& economics = data().economics;
    const tuning::TuningFileEconomics& said = file_.economics();
    economics.set_conversion_metric("conversions");
    if (has_revenue_) economics.set_revenue_metric("revenue");
    economics.set_margin_per_conversion(overrides_.margin_per_conversion.value_or(said.margin_per_conversion()));
    economics.set_margin_share(overrides_.margin_share.value_or(said.margin_share()));
    if (overrides_.basket_value.has_value() || said.has_basket_value()) {
      economics.set_basket_value(overrides_.basket_value.value_or(said.basket_value()));
    }
    if (economics.margin_share() > 0.0 && !has_revenue_ && !economics.has_basket_value()) {
      Problem("economics.basket_value", "is needed with margin_share: the cells have no revenue; or give --basket");
    }
    if (!overrides_.is_margin_needed) return;
    if (economics.margin_per_conversion() == 0.0 && economics.margin_share() == 0.0) {
      Problem("economics",
              "is missing: what is a conversion worth? Give margin_per_conversion or margin_share, here or "
              "by --margin or --margin-share");
    }
  }

  void SetVariants() {
    data().campaign = file_.campaign().empty() ? "summary" : file_.campaign();
    data().as_of = file_.has_as_of() ? FromProto(file_.as_of()) : overrides_.now;
    std::map<OfferKey, v1::Variant> variants;
    for (const OfferCells& cells : cells_) {
      for (const auto& [key, strata] : cells) variants[key];
    }
    const v1::DoseUnit unit =
        overrides_.unit.value_or(file_.unit() == v1::DOSE_UNIT_UNSPECIFIED ? v1::DOSE_UNIT_OTHER : file_.unit());
    DoseCosts costs(source_, unit, problems_);
    for (auto& [key, variant] : variants) {
      variant.set_id(NameOf(key));
      variant.set_control(key.first == 0.0 && !has_control_);
      has_control_ = has_control_ || variant.control();
      variant.mutable_offer()->set_dose(key.first);
      variant.mutable_offer()->set_unit(unit);
      *variant.mutable_offer()->mutable_cost() = costs.At(key.first);
      data().variants.push_back(variant);
    }
    costs.CheckAllUsed();
    if (costs.IsShare() && !has_revenue_ && !data().economics.has_basket_value()) {
      Problem("economics.basket_value", "is needed: offers cost a share of the basket, and the cells have no revenue");
    }
  }

  std::string NameOf(const OfferKey& key) const {
    if (!key.second.empty()) return key.second;
    return absl::StrCat("dose-", key.first + file_.baseline_dose());
  }

  void SetTier(size_t index) {
    const OfferCells& cells = cells_[index];
    TuningTier tier{tiers_[index], 0, {}};
    if (cells.empty() || cells.begin()->first.first != 0.0) {
      return Problem("cells", absl::StrCat("tier `", tier.tier, "` has no cell at the dose ", file_.baseline_dose(),
                                           ": what users do without an offer is what offers are compared with"));
    }
    const std::map<std::string, double> strata = UsableStrata(tier.tier, cells);
    if (strata.empty()) {
      return Problem("cells", absl::StrCat("tier `", tier.tier,
                                           "` has no stratum with two users at each of its doses; take doses together "
                                           "with dose_step, or leave strata out"));
    }
    for (const auto& [key, by_stratum] : cells) {
      std::vector<JointMoments> moments;
      std::vector<double> weights;
      for (const auto& [stratum, weight] : strata) {
        moments.push_back(by_stratum.at(stratum));
        weights.push_back(weight);
        tier.users += moments.back().n();
      }
      tier.cells.push_back({NameOf(key), PostStratifiedMoments(moments, weights)});
    }
    for (const tuning::TuningFileTier& said : file_.tiers()) {
      if (said.id() == tier.tier && said.has_users()) tier.users = said.users();
    }
    data().tiers.push_back(std::move(tier));
  }

  // The strata that have every offer of the tier, with their users.
  std::map<std::string, double> UsableStrata(const std::string& tier, const OfferCells& cells) {
    std::map<std::string, double> users;
    std::map<std::string, size_t> offers;
    for (const auto& [key, strata] : cells) {
      for (const auto& [stratum, moments] : strata) {
        users[stratum] += static_cast<double>(moments.n());
        offers[stratum] += moments.n() >= 2 ? 1 : 0;
      }
    }
    double left_out = 0.0;
    const size_t all = users.size();
    for (const auto& [stratum, complete] : offers) {
      if (complete == cells.size()) continue;
      left_out += users[stratum];
      users.erase(stratum);
    }
    if (users.size() < all && !users.empty()) {
      out_.notes.push_back(
          absl::StrFormat("Tier %s: %d of %d strata lack one of its doses and are left out, with %.0f users.", tier,
                          static_cast<int>(all - users.size()), static_cast<int>(all), left_out));
    }
    return users;
  }

  const TuningSource& source_;
  const tuning::TuningFile& file_;
  const TuningOverrides& overrides_;
  Problems problems_;
  TuningFileData out_;
  bool has_revenue_ = false;
  bool has_control_ = false;
  std::vector<std::string> tiers_;
  std::vector<OfferCells> cells_;  // of each tier
  std::map<std::tuple<std::string, double, std::string, std::string>, int> seen_;
};

}  // namespace

absl::StatusOr<TuningSource> ReadTuningFile(const CellFileRequest& request, Terminal& terminal) {
  TuningSource source;
  TIERWISE_ASSIGN_OR_RETURN(CellPlaces places, ReadCellFile(request, {"tier", "dose"}, terminal, &source.file));
  static_cast<CellPlaces&>(source) = std::move(places);
  return source;
}

absl::StatusOr<TuningFileData> AssembleTuning(const TuningSource& source, const TuningOverrides& overrides) {
  return TuningAssembler(source, overrides).Run();
}

}  // namespace tierwise
