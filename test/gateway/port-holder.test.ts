/** Why a port cannot be listened on is told in the words of what would help. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whyText } from '../../src/gateway/port-holder.ts'

test('each reason has its own advice', () => {
  const engine = { pid: 4711, command: 'node bin/goldenhour.js serve', goldenhourOver: 'http:' as const }
  assert.match(whyText('0.0.0.0', 80, 'not-allowed', null), /below 1024.*PORT.*CAP_NET_BIND_SERVICE/)
  assert.match(whyText('192.0.2.1', 9001, 'no-such-address', null), /not one of this machine.*GOLDENHOUR_HOST/)
  assert.match(
    whyText('0.0.0.0', 9001, 'in-use', engine),
    /another Goldenhour has it \(process 4711: node bin\/goldenhour\.js serve\)/,
  )
  assert.match(
    whyText('0.0.0.0', 9001, 'in-use', { ...engine, pid: null, command: null }),
    /another Goldenhour has it\. /,
  )
  assert.match(
    whyText('0.0.0.0', 9001, 'in-use', { ...engine, goldenhourOver: null }),
    /another program has it \(process 4711/,
  )
  assert.match(whyText('0.0.0.0', 9001, 'in-use', null), /another program has it\. /)
})
