// Makes one allocation of a thread fail.
#pragma once

namespace sampleproc::test {

// From now on the n-th allocation (operator new) of the thread that calls throws std::bad_alloc,
// the first being 1; those before and after it do not.
void FailAllocation(int nth);

// None fails from now on. Whether one has.
bool AllocationFailed();

}  // namespace sampleproc::test
