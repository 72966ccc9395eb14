/** The text of `gatehouse start --help`, made from the declarations. */
import { type OptionDeclaration, optionDeclarations } from './options.ts'

export function startHelp(): string {
  const rows = optionDeclarations.map((option: OptionDeclaration) => {
    const left = `  --${option.flag}${option.value === undefined ? '' : ` ${option.value}`}`
    const notes = [option.env, option.default === undefined ? undefined : `default ${option.default}`].filter(Boolean)
    return `${left.padEnd(30)}${option.prose}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`
  })
  return ['gatehouse start: bring a node up', '', 'Options (flag, environment name):', ...rows, ''].join('\n')
}
