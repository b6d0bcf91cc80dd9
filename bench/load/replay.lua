-- Sends requests chosen at random from a file: wrk -s replay.lua URL -- FILE SEED
-- Each line is METHOD PATH TOKEN [BODY]; TOKEN is - if the request has none.
-- All requests are formatted in advance to keep wrk's own CPU time low.
local formatted = {}

function init(args)
  math.randomseed(tonumber(args[2]))
  for line in io.lines(args[1]) do
    local method, path, token, body = line:match("^(%S+) (%S+) (%S+) ?(.*)$")
    local headers = { ["Content-Type"] = "application/json" }
    if token ~= "-" then headers["Authorization"] = "Bearer " .. token end
    formatted[#formatted + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
  end
end

function request()
  return formatted[math.random(#formatted)]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f, "errors": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, e.status + e.connect + e.read + e.write + e.timeout))
end
