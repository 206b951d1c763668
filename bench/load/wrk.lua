-- wrk's side of load/wrk.mjs: method and body come as arguments, figures go out as one line of JSON.
function init(args)
  wrk.method = args[1]
  wrk.body = args[2]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"durationUs":%d,"p99Us":%d,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration, latency:percentile(99), e.status, e.connect + e.read + e.write + e.timeout))
end
