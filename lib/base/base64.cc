#include "base/base64.h"

namespace sampleproc::base {}
