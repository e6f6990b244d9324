#pragma once

namespace avstage {

/// Marks a place where the power may go. Does nothing, at the cost of one comparison, unless the environment
/// names it when it is first asked: AVSTAGE_CRASH_AT=NAME:N kills this process with SIGKILL the N-th time it
/// passes NAME, and AVSTAGE_CRASH_AT=list writes each name that is passed to stderr. The kill matrix
/// (tests/render/kill_test.cpp) learns the places from the list and dies at each of them. Any thread.
void crash_point(const char* name) noexcept;

}  // namespace avstage
