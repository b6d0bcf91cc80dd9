-- Sends the requests of a file in random order, all of them before any again:
-- wrk -s replay.lua URL -- FILE SEED
-- Each line is METHOD PATH TOKEN [BODY]; TOKEN is - if the request has none, or another header as NAME:VALUE.
-- All requests are formatted in advance to keep wrk's own CPU time low.
local formatted, place = {}, 0

local function shuffle(items)
  for last = #items, 2, -1 do
    local other = math.random(last)
    items[last], items[other] = items[other], items[last]
  end
end

function init(args)
  math.randomseed(tonumber(args[2]))
  for line in io.lines(args[1]) do
    local method, path, token, body = line:match("^(%S+) (%S+) (%S+) ?(.*)$")
    local headers = { ["Content-Type"] = "application/json" }
    local name, value = token:match("^([^:]+):(.+)$")
    if name then
      headers[name] = value
    elseif token ~= "-" then
      headers["Authorization"] = "Bearer " .. token
    end
    formatted[#formatted + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
  end
  shuffle(formatted)
end

function request()
  place = place % #formatted + 1
  return formatted[place]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f, "errors": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, e.status + e.connect + e.read + e.write + e.timeout))
end
