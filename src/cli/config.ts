/** `goldenhour config`: checks and shows the configuration, and writes its reference page. */
import { type Command, Option } from 'commander'
import { configurationDocument, inspectConfig, type SettingValue } from '../config/index.ts'

interface ConfigOptions {
  readonly config?: string
  readonly json?: true
}

/** Instead of GOLDENHOUR_CONFIG; for every command that takes it. */
export const configOption = (): Option =>
  new Option('--config <file>', 'the configuration file (else GOLDENHOUR_CONFIG)')

export function defineConfig(config: Command): void {
  config
    .command('check')
    .description(
      'say whether an engine could start with this configuration: its settings, certificate, database, data directory, port and library; exit code 1 when it could not',
    )
    .addOption(configOption())
    .action(async (options: ConfigOptions) => {
      const { config } = inspected(options)
      const { lookAtStart } = await import('./start-check.ts')
      const { problems, warnings } = await lookAtStart(config!)
      for (const warning of warnings) console.error(`warning: ${warning}`)
      for (const problem of problems) console.error(problem)
      if (problems.length > 0) throw new Error(`An engine could not start: ${counted(problems)} wrong.`)
      console.log('The configuration is good.')
    })

  config
    .command('print')
    .description('show every setting with its value and where that came from; secrets as ***')
    .addOption(configOption())
    .option('--json', 'as one JSON object')
    .action((options: ConfigOptions) => {
      const { values } = inspected(options)
      if (options.json) {
        const shown = values.map(each => [each.setting.key, { value: masked(each), source: each.source }])
        console.log(JSON.stringify(Object.fromEntries(shown), null, 2))
      } else {
        for (const each of values)
          console.log(`${each.setting.key} = ${JSON.stringify(masked(each))}  (${each.source})`)
      }
    })

  config
    .command('docs')
    .description('print the reference of all settings, docs/configuration.md')
    .action(() => {
      process.stdout.write(configurationDocument())
    })
}

/** Tells what is doubtful on standard error. Errors: one that counts the problems, after telling each. */
function inspected(options: ConfigOptions): ReturnType<typeof inspectConfig> {
  const inspection = inspectConfig(undefined, options.config)
  for (const warning of inspection.warnings) console.error(`warning: ${warning}`)
  const { problems } = inspection
  if (problems.length === 0) return inspection
  for (const problem of problems) console.error(problem)
  throw new Error(`The configuration cannot be used: ${counted(problems)} wrong.`)
}

const counted = ({ length }: readonly string[]): string => `${length} ${length === 1 ? 'thing is' : 'things are'}`

const masked = ({ setting, value }: SettingValue): unknown =>
  setting.secret && value !== null && value !== setting.standard ? '***' : value
