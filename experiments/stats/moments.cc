// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/moments.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tierwise {
namespace {

// mean + mean_rest grows by `shift`, in twice the digits of a double (Knuth's two-sum).
void ShiftMean(Moments& moments, double shift) {
  const double rest = moments.mean_rest + shift;
  const double sum = moments.mean + rest;
  const double part = sum - moments.mean;
  moments.mean_rest = (moments.mean - (sum - part)) + (rest - part);
  moments.mean = sum;
}

}  // namespace

void Moments::Add(double x) { AddRepeated(x, 1); }

void Moments::AddRepeated(double x, int64_t count) { Merge({.n = count, .mean = x, .m3 = 0.0}); }

void Moments::Merge(const Moments& other) {
  if (other.n == 0) return;
  if (n == 0) {
    *this = other;
    return;
  }
  const double total = static_cast<double>(n) + static_cast<double>(other.n);
  const double delta = (other.mean - mean) + (other.mean_rest - mean_rest);
  const double weight = static_cast<double>(other.n) / total;
  const double own_weight = static_cast<double>(n) / total;
  const double between = delta * delta * static_cast<double>(n) * weight;
  if (m3.has_value() && other.m3.has_value()) {
    *m3 += *other.m3 + between * delta * (own_weight - weight) + 3.0 * delta * (own_weight * other.m2 - weight * m2);
  } else {
    m3.reset();
  }
  ShiftMean(*this, delta * weight);
  m2 += other.m2 + between;
  n += other.n;
}

double Moments::Variance() const { return n < 2 ? 0.0 : m2 / static_cast<double>(n - 1); }

Moments JointMoments::Marginal(int i) const {
  Moments moments{n_, mean(i), comoment(i, i)};
  if (has_third()) moments.m3 = third(i, i, i);
  return moments;
}

size_t JointMoments::ThirdIndex(int i, int j, int k) const {
  std::array<int, 3> at = {i, j, k};
  std::sort(at.begin(), at.end());
  const int first_rest = size() - at[0];  // variables from the first index on: what precedes is a smaller tensor
  const int before = size() * (size() + 1) * (size() + 2) / 6 - first_rest * (first_rest + 1) * (first_rest + 2) / 6;
  const int second = at[1] - at[0];
  const int third = at[2] - at[0];
  return static_cast<size_t>(before + second * first_rest - second * (second - 1) / 2 + (third - second));
}

void JointMoments::AbsorbThird(const OtherSet& other) {
  const size_t k = mean_.size();
  const double total = static_cast<double>(n_) + static_cast<double>(other.n);
  const double weight = static_cast<double>(other.n) / total;
  const double own_weight = static_cast<double>(n_) / total;
  const double cubic = static_cast<double>(n_) * weight * (own_weight - weight);
  // What a pair of variables contributes beside the third one's shift; row i of the triangle begins at row(i).
  const auto row = [k](size_t i) { return i * k - i * (i + 1) / 2; };
  const auto pair = [&](size_t i, size_t j) {
    const size_t at = row(i) + j;
    return (other.co == nullptr ? 0.0 : own_weight * other.co[at]) - weight * co_[at];
  };
  size_t at = 0;
  for (size_t i = 0; i < k; ++i) {
    const double delta_i = other.mean[i] - mean_[i];
    for (size_t j = i; j < k; ++j) {
      const double delta_j = other.mean[j] - mean_[j];
      const double pair_ij = pair(i, j);
      for (size_t l = j; l < k; ++l, ++at) {
        const double delta_l = other.mean[l] - mean_[l];
        third_[at] += (other.third == nullptr ? 0.0 : other.third[at]) + cubic * delta_i * delta_j * delta_l +
                      delta_i * pair(j, l) + delta_j * pair(i, l) + delta_l * pair_ij;
      }
    }
  }
}

void JointMoments::Absorb(const OtherSet& other) {
  if (has_third()) AbsorbThird(other);
  const size_t k = mean_.size();
  const double total = static_cast<double>(n_) + static_cast<double>(other.n);
  const double weight = static_cast<double>(other.n) / total;
  const double scale = static_cast<double>(n_) * weight;
  size_t at = 0;
  for (size_t i = 0; i < k; ++i) {
    const double delta_i = other.mean[i] - mean_[i];
    for (size_t j = i; j < k; ++j, ++at) {
      co_[at] += (other.co == nullptr ? 0.0 : other.co[at]) + delta_i * (other.mean[j] - mean_[j]) * scale;
    }
  }
  for (size_t i = 0; i < k; ++i) mean_[i] += (other.mean[i] - mean_[i]) * weight;
  n_ += other.n;
}

void JointMoments::AddRepeated(absl::Span<const double> x, int64_t count) {
  if (count != 0) Absorb({x, count, nullptr, nullptr});
}

void JointMoments::Merge(const JointMoments& other) {
  if (other.n_ == 0) return;
  if (n_ == 0) {
    *this = other;
    return;
  }
  if (!other.has_third()) third_.clear();
  Absorb({other.mean_, other.n_, other.co_.data(), other.third_.data()});
}

JointMoments JointMoments::FromParts(int64_t n, std::vector<double> mean, std::vector<double> upper) {
  JointMoments moments;
  moments.n_ = n;
  moments.mean_ = std::move(mean);
  moments.co_ = std::move(upper);
  return moments;
}

JointMoments JointMoments::FromParts(int64_t n, std::vector<double> mean, std::vector<double> upper,
                                     std::vector<double> third) {
  JointMoments moments = FromParts(n, std::move(mean), std::move(upper));
  moments.third_ = std::move(third);
  return moments;
}

double ThirdOf(const JointMoments& moments, absl::Span<const double> u, absl::Span<const double> v,
               absl::Span<const double> w) {
  double sum = 0.0;
  for (size_t i = 0; i < u.size(); ++i) {
    if (u[i] == 0.0) continue;
    for (size_t j = 0; j < v.size(); ++j) {
      if (v[j] == 0.0) continue;
      for (size_t k = 0; k < w.size(); ++k) {
        if (w[k] == 0.0) continue;
        sum += u[i] * v[j] * w[k] * moments.third(static_cast<int>(i), static_cast<int>(j), static_cast<int>(k));
      }
    }
  }
  return sum;
}

}  // namespace tierwise
