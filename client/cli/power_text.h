// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "client/cli/planning_design.h"
#include "client/cli/power_plan.h"

namespace tierwise {

// The first lines of a plan or a simulation: what is assumed.
std::string DesignText(const PlanningDesign& design);
// The same for programs.
nlohmann::ordered_json DesignJson(const PlanningDesign& design);

// For people: a row for all tiers and each tier, what stays underpowered and what would help, the power over days.
std::string PowerText(const PlanningDesign& design, const PowerPlan& plan, int width, bool has_color);

// All numbers in full precision; what is not known is left out.
nlohmann::ordered_json PowerJson(const PlanningDesign& design, const PowerPlan& plan);

// 0.823 -> "82 %"; above 99.5 % and below 0.5 % with a sign.
std::string PowerTitle(double power);

}  // namespace tierwise
