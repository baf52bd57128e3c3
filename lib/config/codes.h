// The codes of diagnostics, and what each means at length.
#pragma once

#include <span>
#include <string_view>

namespace sampleproc::config {

// Codes are stable: scripts and people look them up. A code is never given a second meaning; one
// that is no longer reported keeps its number. 10xx: one value or name alone; 11xx: keys that
// contradict each other; 12xx: what this version cannot do; 13xx: what this machine lacks.
namespace code {
inline constexpr std::string_view kUnreadable = "SP1001";
inline constexpr std::string_view kSyntax = "SP1002";
inline constexpr std::string_view kUnknownKey = "SP1003";
inline constexpr std::string_view kRange = "SP1004";
inline constexpr std::string_view kType = "SP1005";
inline constexpr std::string_view kWord = "SP1006";
inline constexpr std::string_view kForm = "SP1007";
inline constexpr std::string_view kUnknownVariable = "SP1008";
inline constexpr std::string_view kTwoNames = "SP1009";
inline constexpr std::string_view kIgnored = "SP1010";
inline constexpr std::string_view kRepeated = "SP1011";
inline constexpr std::string_view kVariableLine = "SP1012";
inline constexpr std::string_view kVariableTwice = "SP1013";
inline constexpr std::string_view kVariableComment = "SP1014";
inline constexpr std::string_view kMisspelt = "SP1015";
inline constexpr std::string_view kForeign = "SP1016";
inline constexpr std::string_view kDepth = "SP1017";
inline constexpr std::string_view kUrlPart = "SP1018";
inline constexpr std::string_view kDrainDelay = "SP1101";
inline constexpr std::string_view kFrameLimits = "SP1102";
inline constexpr std::string_view kIdleTimeout = "SP1103";
inline constexpr std::string_view kHeadLimits = "SP1104";
inline constexpr std::string_view kDeadlines = "SP1105";
inline constexpr std::string_view kMemory = "SP1106";
inline constexpr std::string_view kTls = "SP1107";
inline constexpr std::string_view kDetached = "SP1108";
inline constexpr std::string_view kStreams = "SP1109";
inline constexpr std::string_view kClaim = "SP1110";
inline constexpr std::string_view kHostPattern = "SP1111";
inline constexpr std::string_view kOrigin = "SP1112";
inline constexpr std::string_view kCorsAny = "SP1113";
inline constexpr std::string_view kProxies = "SP1114";
inline constexpr std::string_view kShutdown = "SP1115";
inline constexpr std::string_view kCascade = "SP1116";
inline constexpr std::string_view kSinks = "SP1117";
inline constexpr std::string_view kHost = "SP1118";
inline constexpr std::string_view kDetector = "SP1119";
inline constexpr std::string_view kWritten = "SP1120";
inline constexpr std::string_view kScene = "SP1121";
inline constexpr std::string_view kCameras = "SP1122";
inline constexpr std::string_view kHistory = "SP1123";
inline constexpr std::string_view kTrackOrder = "SP1124";
inline constexpr std::string_view kSnapshots = "SP1125";
inline constexpr std::string_view kClasses = "SP1126";
inline constexpr std::string_view kClips = "SP1127";
inline constexpr std::string_view kMqtt = "SP1128";
inline constexpr std::string_view kSpanRoom = "SP1135";
inline constexpr std::string_view kLeftOut = "SP1150";
inline constexpr std::string_view kNoGpu = "SP1202";
inline constexpr std::string_view kOtlpPort = "SP1203";
inline constexpr std::string_view kNoCollector = "SP1204";
inline constexpr std::string_view kOtlpHeaders = "SP1205";
inline constexpr std::string_view kOtlpQuery = "SP1206";
inline constexpr std::string_view kNoFile = "SP1301";
inline constexpr std::string_view kOpenSecret = "SP1302";
inline constexpr std::string_view kTooMuchMemory = "SP1303";
inline constexpr std::string_view kTooManyWorkers = "SP1304";
inline constexpr std::string_view kListen = "SP1305";
inline constexpr std::string_view kListCors = "SP1401";  // validate-config --production, in order
inline constexpr std::string_view kListHosts = "SP1402";
inline constexpr std::string_view kListRateLimit = "SP1403";
inline constexpr std::string_view kListHttps = "SP1404";
inline constexpr std::string_view kListTimeouts = "SP1405";
inline constexpr std::string_view kListResources = "SP1406";
inline constexpr std::string_view kListHeaders = "SP1407";
inline constexpr std::string_view kListInputs = "SP1408";
inline constexpr std::string_view kListErrorRates = "SP1409";
inline constexpr std::string_view kListUpdates = "SP1410";
inline constexpr std::string_view kListCallers = "SP1411";
inline constexpr std::string_view kDeployFile = "SP1501";  // validate-config --with
inline constexpr std::string_view kDeployStart = "SP1502";
inline constexpr std::string_view kDeployPort = "SP1503";
inline constexpr std::string_view kDeployProbe = "SP1504";
inline constexpr std::string_view kDeployGrace = "SP1505";
inline constexpr std::string_view kDeployMemory = "SP1506";
inline constexpr std::string_view kDeployCredential = "SP1507";
}  // namespace code

struct CodeText {
  std::string_view code;   // "SP1004"
  std::string_view title;  // "value out of range"
  std::string_view text;   // what it means, why it matters, what to do; a few sentences
};

// Every code there is, in ascending order.
std::span<const CodeText> CodeTexts();

// The entry of `code`, in any case of letters; nullptr when there is no such code.
const CodeText* FindCode(std::string_view code);

}  // namespace sampleproc::config
