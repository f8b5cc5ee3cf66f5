#!/usr/bin/env node
// The sources are TypeScript; tsx reads them as they are, so no build step stands between a checkout and a run.
import { register } from 'tsx/esm/api'

register()
await import('../src/cli/index.ts')
