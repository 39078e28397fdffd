-- What a request finds of the interpreter: how often the script was started, a random number, the nanoseconds since the invocation
-- began, and the body.
starts = (starts or 0) + 1
local words = {}
for number = 1, 2000 do words[number] = string.rep("word", number % 7) .. number end

return function(body)
  words[#words + 1] = body
  return string.format("%d %d %d %.0f %s\n", starts, #words, math.random(0), os.clock() * 1e9, body)
end
