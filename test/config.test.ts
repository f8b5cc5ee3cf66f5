import assert from 'node:assert/strict'
import test from 'node:test'
import { InvalidConfig, readConfig } from '../src/config.ts'

test('an empty environment gives the documented defaults', () => {
  const { dataDir, ...rest } = readConfig({})
  assert.match(dataDir, /^\/.*goldenhour$/)
  assert.deepEqual(rest, {
    port: 9001,
    host: '0.0.0.0',
    databaseUrl: null,
    clockRate: 1,
    logLevel: 'info',
    drainLimitMs: 10_000,
  })
})

test('each variable is read, and the result cannot be changed', () => {
  const config = readConfig({
    PORT: '8080',
    GOLDENHOUR_HOST: '127.0.0.1',
    DATABASE_URL: 'postgresql://u:p@db/name',
    GOLDENHOUR_DATA_DIR: '/srv/gh',
    GOLDENHOUR_CLOCK_RATE: '0.5',
    GOLDENHOUR_LOG_LEVEL: 'debug',
    GOLDENHOUR_DRAIN_LIMIT_MS: '0',
  })
  assert.deepEqual(config, {
    port: 8080,
    host: '127.0.0.1',
    databaseUrl: 'postgresql://u:p@db/name',
    dataDir: '/srv/gh',
    clockRate: 0.5,
    logLevel: 'debug',
    drainLimitMs: 0,
  })
  assert.equal(Object.isFrozen(config), true)
})

test('an empty variable counts as not set', () => {
  assert.deepEqual(readConfig({ PORT: '', DATABASE_URL: '' }), readConfig({}))
})

test('a bad value is refused by the name of its variable', () => {
  for (const [name, values] of Object.entries({
    PORT: ['-1', '65536', 'http', '80.5', ' 80'],
    DATABASE_URL: ['localhost', 'mysql://db/name'],
    GOLDENHOUR_CLOCK_RATE: ['0', '-1', 'fast', 'Infinity'],
    GOLDENHOUR_LOG_LEVEL: ['loud'],
    GOLDENHOUR_DRAIN_LIMIT_MS: ['10s'],
  })) {
    for (const value of values) {
      assert.throws(
        () => readConfig({ [name]: value }),
        (error: Error) => error instanceof InvalidConfig && error.message.startsWith(`${name} must be`),
        `${name}=${value}`,
      )
    }
  }
})

test('all bad variables are named at once, and a password never', () => {
  assert.throws(
    () => readConfig({ PORT: 'x', DATABASE_URL: 'mysql://u:s3cret@db/name' }),
    (error: Error) => /PORT .*DATABASE_URL /.test(error.message) && !error.message.includes('s3cret'),
  )
})

test('a relative data directory becomes absolute, because Postgres runs elsewhere', () => {
  assert.equal(readConfig({ GOLDENHOUR_DATA_DIR: 'state' }).dataDir, `${process.cwd()}/state`)
})
