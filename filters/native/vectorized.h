#pragma once

namespace avstage::filters::native {

/// Whether AVX2 is used where a kernel has it; set by tests alone, before any kernel runs.
inline bool use_vectors = __builtin_cpu_supports("avx2") != 0;

}  // namespace avstage::filters::native

#ifdef __clang__  // has no such attribute, and vectorizes at -O2
#define AVSTAGE_OPTIMIZED
#else
#define AVSTAGE_OPTIMIZED [[gnu::optimize("O3")]]
#endif

/// Defines a function on rows of pixels twice, once for processors with AVX2. Both are the same source, on
/// integers only, so they give the same bytes.
#define AVSTAGE_VECTORIZED(name, parameters, ...)                                       \
  struct name##_versions {                                                              \
    [[gnu::target("avx2")]] AVSTAGE_OPTIMIZED static void avx2 parameters __VA_ARGS__   \
        AVSTAGE_OPTIMIZED static void plain parameters __VA_ARGS__                      \
  };                                                                                    \
  template <typename... Values>                                                         \
  void name(Values... values) {                                                         \
    use_vectors ? name##_versions::avx2(values...) : name##_versions::plain(values...); \
  }
