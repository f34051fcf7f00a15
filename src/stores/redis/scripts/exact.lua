-- Whole numbers: src/limits/exact.ts in Redis' Lua, whose numbers are doubles too.

local MAX_SAFE = 9007199254740991
-- As in src/limits/limit.ts.
local MAX_TOKENS = 1000000000000000

-- floor((x * y + z) / divisor) and the rest, exactly: see src/limits/exact.ts.
local function multiply_divide(x, y, z, divisor)
  local direct = x * y + z
  if direct <= MAX_SAFE then
    local quotient = math.floor(direct / divisor)
    return quotient, direct - quotient * divisor
  end
  local radix = math.floor(MAX_SAFE / (2 * divisor)) - 1
  local leading = math.floor(y / radix)
  local quotient, remainder = multiply_divide(x, leading, 0, divisor)
  local rest = radix * remainder + x * (y - leading * radix) + z
  local carry = math.floor(rest / divisor)
  return radix * quotient + carry, rest - carry * divisor
end

local function is_whole(value, least, most)
  return type(value) == "number" and value >= least and value <= most and value == math.floor(value)
end
