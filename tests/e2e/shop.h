// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace tierwise {

// The definitions of a small shop, for `tierwise apply`: the campaign "spring" gives two of three tiers a discount.
inline constexpr char kShop[] = R"(kind: Attribute
id: spend
type: double
---
kind: Attribute
id: country
type: string
---
kind: Segment
id: asia
condition: country in ["CN", "SG"]
---
kind: Tiering
id: value
tiers: [{id: head}, {id: waist}, {id: tail}]
rules:
  rules:
    - {tier: head, when: spend >= 1000}
    - {tier: waist, when: spend >= 200}
  otherwise: tail
---
kind: Metric
id: order
conversion: {event: order}
window: 14d
---
kind: Campaign
id: spring
tiering: value
audience: segment(asia)
variants:
  - {id: none, control: true, parameters: {discount: 0}}
  - {id: ten, parameters: {discount: 10}}
tier_plans:
  - tier: waist
    arms: [{variant: none, weight: 1}, {variant: ten, weight: 1}]
  - tier: tail
    arms: [{variant: none, weight: 1}, {variant: ten, weight: 3, parameter_overrides: {discount: 15}}]
metrics: [order]
)";

}  // namespace tierwise
