/**
 * What is kept for all nodes, as a log of the last change of each record, in Lua. Values begin with the version of the
 * change; a record that was deleted has nothing after it, and is forgotten when there are many of those. A version is at
 * least the engine's clock, as an epoch is, so that it also grows over an engine that has lost everything.
 */

/** In order of the changes; those of `gone` were deletions; `about`: generation, layout, floor. */
const KEYS_OF_LOG = `
local prefix = KEYS[1]
local order, gone = prefix .. 'kept:order', prefix .. 'kept:gone'
local values, about = prefix .. 'kept:values', prefix .. 'kept:about'
local last = redis.call('ZREVRANGE', order, 0, 0, 'WITHSCORES')
local top = math.max(tonumber(last[2]) or 0, tonumber(redis.call('HGET', about, 'floor')) or 0)
local function text(number) return string.format('%.0f', number) end
local function put(key, position, version, value, records, deleted)
  if redis.call('HEXISTS', values, key) == 0 and redis.call('HLEN', values) >= records then return false end
  redis.call('HSET', values, key, version .. ' ' .. value)
  redis.call('ZADD', order, position, key)
  if value == '' then redis.call('ZADD', gone, position, key) else redis.call('ZREM', gone, key) end
  while redis.call('ZCARD', gone) > deleted do
    local oldest = redis.call('ZPOPMIN', gone)
    redis.call('HSET', about, 'floor', oldest[2])
    redis.call('HDEL', values, oldest[1])
    redis.call('ZREM', order, oldest[1])
  end
  return true
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local position = text(math.max(top + 1, now))
`;

/** Arguments: generation of a new log, layout, generation and position that are known, records at most, 1 to go on. */
export const READ_KEPT = `${KEYS_OF_LOG}
if redis.call('HSETNX', about, 'generation', ARGV[1]) == 1 then redis.call('HSET', about, 'layout', ARGV[2]) end
local head = redis.call('HMGET', about, 'generation', 'layout', 'floor')
if tonumber(ARGV[2]) > tonumber(head[2]) then
  redis.call('HSET', about, 'layout', ARGV[2])
  head[2] = ARGV[2]
end
local after = tonumber(ARGV[4])
local whole = head[1] ~= ARGV[3] or (ARGV[6] == '0' and after < (tonumber(head[3]) or 0))
if whole then after = 0 end
local answer = {head[1], head[2], text(top), whole and 1 or 0}
local found = redis.call('ZRANGEBYSCORE', order, '(' .. text(after), '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[5])
for i = 1, #found, 2 do
  table.insert(answer, found[i])
  table.insert(answer, found[i + 1])
  table.insert(answer, redis.call('HGET', values, found[i]) or '0 ')
end
return answer
`;

/** Arguments: key, value, room, node and epoch of the fence or three empty, records and deleted records at most. */
export const WRITE_KEPT = `${KEYS_OF_LOG}
if ARGV[3] ~= '' then
  local owner = redis.call('HMGET', prefix .. 'room:' .. ARGV[3], 'node', 'epoch')
  if owner[1] and (owner[1] ~= ARGV[4] or (ARGV[5] ~= '' and owner[2] ~= ARGV[5])) then return {'fenced'} end
end
if not put(ARGV[1], position, position, ARGV[2], tonumber(ARGV[6]), tonumber(ARGV[7])) then return {'full'} end
return {'written', position}
`;

/** Arguments: key, version, value, records and deleted records at most. */
export const RESTORE_KEPT = `${KEYS_OF_LOG}
local known = redis.call('HGET', values, ARGV[1])
if known and tonumber(string.match(known, '^%d+')) >= tonumber(ARGV[2]) then return 0 end
put(ARGV[1], position, ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]))
return 0
`;
