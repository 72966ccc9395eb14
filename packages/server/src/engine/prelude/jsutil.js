/**
 * The library `jsutil`: `util.inspect` and `util.format` (%s text, %d number, %j JSON).
 */
export function installJsutil(library) {
  const { own, render } = library

  const inspect = (value) => render(value)

  function format(pattern, ...values) {
    if (typeof pattern !== 'string') return own.join(own.each(own.concat([pattern], values), inspect), ' ')
    let text = ''
    let used = 0
    for (let i = 0; i < pattern.length; i++) {
      const kind = pattern[i] === '%' ? pattern[i + 1] : undefined
      if (kind === '%') {
        text += '%'
        i++
      } else if ((kind === 's' || kind === 'd' || kind === 'j') && used < values.length) {
        const value = values[used++]
        if (kind === 's') text += typeof value === 'string' ? value : inspect(value)
        else
          text +=
            kind === 'd' ? own.String(own.Number(value)) : inspect(own.isObject(value) ? value : own.stringify(value))
        i++
      } else {
        text += pattern[i]
      }
    }
    for (; used < values.length; used++) text += ` ${inspect(values[used])}`
    return text
  }

  own.defineGlobal('util', { inspect, format })
}
