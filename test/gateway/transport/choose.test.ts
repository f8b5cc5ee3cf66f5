import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseTransport } from '../../../src/gateway/transport/choose.ts'
import { UwsChanged, UwsUnavailable } from '../../../src/gateway/transport/uws.ts'

const loads = () => ({ name: 'native' as const, open: () => Promise.reject(new Error('not opened here')) })
const fails = (error: Error) => () => {
  throw error
}

test('the native transport is taken where it loads, and the portable one where it does not, which is told', () => {
  assert.equal(chooseTransport('auto', loads).transport.name, 'native')
  const { transport, insteadOfNative } = chooseTransport('auto', fails(new UwsUnavailable('No such library.')))
  assert.deepEqual([transport.name, insteadOfNative], ['portable', 'No such library.'])
})

test('whoever asks for one gets that one or an error', () => {
  const absent = fails(new UwsUnavailable('No such library.'))
  const { transport, insteadOfNative } = chooseTransport('portable', absent)
  assert.deepEqual([transport.name, insteadOfNative], ['portable', null])
  assert.throws(() => chooseTransport('native', absent), UwsUnavailable)
})

test('a library that was changed is nothing that another takes the place of unasked', () => {
  const changed = fails(new UwsChanged('It is not the recorded one.'))
  assert.throws(() => chooseTransport('auto', changed), UwsChanged)
  assert.equal(chooseTransport('portable', changed).transport.name, 'portable')
})
