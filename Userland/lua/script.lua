-- The script that is compiled into the action `lua`. It runs once, at the start; what it returns is called with the
-- request's body and returns the response. `make actions LUA_SCRIPT=other.lua` compiles in another.

-- Tables that every request uses are made here, once.
local names = {}
for code = 0, 255 do
  names[code] = code > 32 and code < 127 and string.char(code) or string.format("0x%02x", code)
end

-- How often each byte is there.
local function histogram(body)
  local counts = {}
  for position = 1, #body do
    local code = body:byte(position)
    counts[code] = (counts[code] or 0) + 1
  end
  return counts
end

return function(body)
  local counts = histogram(body)
  local codes, bits = {}, 0.0
  for code, count in pairs(counts) do
    codes[#codes + 1] = code
    bits = bits - count * math.log(count / #body, 2)
  end
  table.sort(codes, function(a, b)
    if counts[a] ~= counts[b] then return counts[a] > counts[b] end
    return a < b
  end)

  local lines = { string.format("%s: %d bytes, %d different, %.3f bits of information", _VERSION, #body, #codes, bits) }
  for place = 1, math.min(10, #codes) do
    local code = codes[place]
    lines[#lines + 1] = string.format("%-6s %d", names[code], counts[code])
  end
  return table.concat(lines, "\n") .. "\n"
end
