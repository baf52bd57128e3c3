// The functions of the module's table, one file for each kind.
#pragma once

#include "process/steps/opencv/module_abi.h"

namespace sampleproc::process::opencv {

Status MakePeople(People** people) noexcept;
Status FindPeople(People* people, const Picture* bgr, const PeopleParameters* parameters,
                  const Host* host) noexcept;
void FreePeople(People* people) noexcept;

Status LoadCascade(const char* path, Cascade** cascade) noexcept;
Status FindCascade(Cascade* cascade, const Picture* luma, const CascadeParameters* parameters,
                   const Host* host) noexcept;
void FreeCascade(Cascade* cascade) noexcept;

Status MakeBackground(int width, int height, Background** background) noexcept;
Status Watch(Background* background, const Picture* luma, const MotionParameters* parameters,
             const Host* host, MotionKind* kind) noexcept;
void FreeBackground(Background* background) noexcept;

}  // namespace sampleproc::process::opencv
