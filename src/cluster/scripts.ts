/**
 * What the engine decides at once, in Lua. Each is idempotent, because what has timed out may be executed later. All
 * keys begin with the same tag, so that they are in one slot where the engine is sharded. Times are the engine's.
 */

/** What came of a beat: who was not known has a lease, somebody else has it, or it goes on. */
export const BEATEN = { new: 0, taken: 1, renewed: 2 } as const;

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/** Rooms of a node that was not heard of for long are forgotten so many at a time. */
const FORGET_AT_ONCE = 100;

/**
 * Keys: the prefix. Arguments: node, incarnation, record, lease in ms, how long a node without a lease is remembered in
 * ms. The second answer is one of `BEATEN`.
 */
export const BEAT = `${NOW}
local prefix, node, incarnation = KEYS[1], ARGV[1], ARGV[2]
local lease = prefix .. 'lease:' .. node
local holder = redis.call('GET', lease)
if holder and holder ~= incarnation then return {string.format('%.0f', now), 1} end
redis.call('SET', lease, incarnation, 'PX', ARGV[4])
redis.call('SET', prefix .. 'seen:' .. node, incarnation, 'PX', ARGV[5])
redis.call('HSET', prefix .. 'nodes', node, ARGV[3])
local answer = {string.format('%.0f', now), holder and 2 or 0}
local all = redis.call('HGETALL', prefix .. 'nodes')
for i = 1, #all, 2 do
  if redis.call('EXISTS', prefix .. 'lease:' .. all[i]) == 1 then
    table.insert(answer, all[i])
    table.insert(answer, all[i + 1])
  elseif redis.call('SCARD', prefix .. 'owned:' .. all[i]) == 0 then
    redis.call('HDEL', prefix .. 'nodes', all[i])
  elseif redis.call('EXISTS', prefix .. 'seen:' .. all[i]) == 0 then
    for _, room in ipairs(redis.call('SPOP', prefix .. 'owned:' .. all[i], ${FORGET_AT_ONCE})) do
      local key = prefix .. 'room:' .. room
      if redis.call('HGET', key, 'node') == all[i] then redis.call('DEL', key) end
    end
  end
end
return answer
`;

/** Arguments: room, node, incarnation, target, deadline, node and epoch of the owner to be replaced, or two empty. */
export const CLAIM = `${NOW}
local prefix, room, node, target = KEYS[1], ARGV[1], ARGV[2], ARGV[4]
local function lives(one) return redis.call('EXISTS', prefix .. 'lease:' .. one) == 1 end
if now > tonumber(ARGV[5]) then return {'refused'} end
if redis.call('GET', prefix .. 'lease:' .. node) ~= ARGV[3] then return {'refused'} end
local key = prefix .. 'room:' .. room
local record = redis.call('HMGET', key, 'node', 'epoch')
local owner, epoch = record[1], record[2]
if owner and lives(owner) then return {'owned', owner, epoch} end
if owner and (owner ~= ARGV[6] or epoch ~= ARGV[7]) then return {'orphan', owner, epoch} end
if not lives(target) then return {'refused'} end
local next = string.format('%.0f', math.max((tonumber(epoch) or 0) + 1, now))
redis.call('HSET', key, 'node', target, 'epoch', next)
if owner then redis.call('SREM', prefix .. 'owned:' .. owner, room) end
redis.call('SADD', prefix .. 'owned:' .. target, room)
return {'owned', target, next}
`;

/** Arguments: room, node, epoch. */
export const REASSERT = `
local prefix, room, node, epoch = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local key = prefix .. 'room:' .. room
local record = redis.call('HMGET', key, 'node', 'epoch')
if record[1] and tonumber(record[2]) > tonumber(epoch) then return record end
if record[1] and record[1] ~= node and record[2] == epoch then return record end
if record[1] and record[1] ~= node then redis.call('SREM', prefix .. 'owned:' .. record[1], room) end
redis.call('HSET', key, 'node', node, 'epoch', epoch)
redis.call('SADD', prefix .. 'owned:' .. node, room)
return {node, epoch}
`;

/** Arguments: room, node, epoch, target. */
export const MOVE = `${NOW}
local prefix, room, node, epoch, target = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local key = prefix .. 'room:' .. room
local record = redis.call('HMGET', key, 'node', 'epoch')
if record[1] ~= node or record[2] ~= epoch then return {} end
if redis.call('EXISTS', prefix .. 'lease:' .. target) == 0 then return {} end
local next = string.format('%.0f', math.max(tonumber(epoch) + 1, now))
redis.call('HSET', key, 'node', target, 'epoch', next)
redis.call('SREM', prefix .. 'owned:' .. node, room)
redis.call('SADD', prefix .. 'owned:' .. target, room)
return {target, next}
`;

/** Arguments: room, node, epoch. */
export const RELEASE = `
local prefix, room, node, epoch = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local key = prefix .. 'room:' .. room
local record = redis.call('HMGET', key, 'node', 'epoch')
if record[1] == node and record[2] == epoch then redis.call('DEL', key) end
if record[1] ~= node or record[2] == epoch then redis.call('SREM', prefix .. 'owned:' .. node, room) end
return 0
`;

/** Arguments: node, how many. The answer has the name and the epoch of each. */
export const SOME_OWNED = `
local answer = {}
for _, room in ipairs(redis.call('SRANDMEMBER', KEYS[1] .. 'owned:' .. ARGV[1], ARGV[2])) do
  local record = redis.call('HMGET', KEYS[1] .. 'room:' .. room, 'node', 'epoch')
  table.insert(answer, room)
  table.insert(answer, record[1] == ARGV[1] and record[2] or '0')
end
return answer
`;

/** Arguments: room. */
export const OWNER = `
local record = redis.call('HMGET', KEYS[1] .. 'room:' .. ARGV[1], 'node', 'epoch')
return record[1] and record or {}
`;

/** Arguments: node, incarnation. */
export const BURY = `
local lease = KEYS[1] .. 'lease:' .. ARGV[1]
if redis.call('GET', lease) == ARGV[2] then redis.call('DEL', lease) end
return 0
`;

/** Arguments: incarnation, reporter, how long that is remembered in ms. */
export const REPORT_FAILURE = `
local key = KEYS[1] .. 'failed:' .. ARGV[1]
redis.call('SET', key, ARGV[2], 'PX', ARGV[3], 'NX')
return redis.call('GET', key) == ARGV[2] and 1 or 0
`;

/** Changes nothing. The answer has the engine's time, and name and record of each node that has a lease. */
export const SURVEY = `${NOW}
local answer = {string.format('%.0f', now)}
local all = redis.call('HGETALL', KEYS[1] .. 'nodes')
for i = 1, #all, 2 do
  if redis.call('EXISTS', KEYS[1] .. 'lease:' .. all[i]) == 1 then
    table.insert(answer, all[i])
    table.insert(answer, all[i + 1])
  end
end
return answer
`;
