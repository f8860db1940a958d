// SPDX-License-Identifier: Apache-2.0
#include "experiments/stats/moments.h"

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

void Moments::Add(double x) {
  ++n;
  const double delta = (x - mean) - mean_rest;
  ShiftMean(*this, delta / static_cast<double>(n));
  m2 += delta * ((x - mean) - mean_rest);
}

void Moments::AddRepeated(double x, int64_t count) { Merge({count, x, 0.0}); }

void Moments::Merge(const Moments& other) {
  if (other.n == 0) return;
  if (n == 0) {
    *this = other;
    return;
  }
  const double total = static_cast<double>(n) + static_cast<double>(other.n);
  const double delta = (other.mean - mean) + (other.mean_rest - mean_rest);
  const double weight = static_cast<double>(other.n) / total;
  ShiftMean(*this, delta * weight);
  m2 += other.m2 + delta * delta * static_cast<double>(n) * weight;
  n += other.n;
}

double Moments::Variance() const { return n < 2 ? 0.0 : m2 / static_cast<double>(n - 1); }

void JointMoments::AddRepeated(absl::Span<const double> x, int64_t count) {
  if (count == 0) return;
  const int k = size();
  const double total = static_cast<double>(n_) + static_cast<double>(count);
  const double weight = static_cast<double>(count) / total;
  const double scale = static_cast<double>(n_) * weight;
  size_t at = 0;
  for (int i = 0; i < k; ++i) {
    const double delta_i = x[static_cast<size_t>(i)] - mean_[static_cast<size_t>(i)];
    for (int j = i; j < k; ++j, ++at) {
      co_[at] += delta_i * (x[static_cast<size_t>(j)] - mean_[static_cast<size_t>(j)]) * scale;
    }
  }
  for (size_t i = 0; i < mean_.size(); ++i) mean_[i] += (x[i] - mean_[i]) * weight;
  n_ += count;
}

void JointMoments::Merge(const JointMoments& other) {
  if (other.n_ == 0) return;
  if (n_ == 0) {
    *this = other;
    return;
  }
  for (size_t at = 0; at < co_.size(); ++at) co_[at] += other.co_[at];
  AddRepeated(other.mean_, other.n_);
}

JointMoments JointMoments::FromParts(int64_t n, std::vector<double> mean, std::vector<double> upper) {
  JointMoments moments;
  moments.n_ = n;
  moments.mean_ = std::move(mean);
  moments.co_ = std::move(upper);
  return moments;
}

}  // namespace tierwise
