// When people may sign in, and for whom the password is enough, by the constants of ConstantsTwoFactor. A rule that
// cannot be read lets nobody in, and excuses nobody from the code.
var TwoFactorRules = (function () {
  var dayNames = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

  // A library that was edited before these constants came has none of them.
  var hours = typeof SIGN_IN_HOURS === 'undefined' ? [] : SIGN_IN_HOURS
  var zone = typeof TIME_ZONE === 'undefined' ? 'UTC' : TIME_ZONE
  var passwordOnly = typeof PASSWORD_ONLY_ROLES === 'undefined' ? [] : PASSWORD_ONLY_ROLES

  var networks = typeof TRUSTED_NETWORKS === 'undefined' ? [] : TRUSTED_NETWORKS
  var area = typeof SIGN_IN_AREA === 'undefined' ? null : SIGN_IN_AREA
  var countries = typeof COUNTRIES === 'undefined' ? [] : COUNTRIES
  var remembered = typeof REMEMBERED_DEVICES === 'undefined' ? false : REMEMBERED_DEVICES
  var rememberDays = typeof REMEMBER_DAYS === 'undefined' ? 30 : REMEMBER_DAYS

  function dayOf(name) {
    var day = dayNames.indexOf(name)
    if (day === -1) throw new Error('"' + name + '" is no day; days are ' + dayNames.join(', '))
    return day
  }

  // 'Mon-Fri' or 'Sat,Sun' as seven truths, beginning with Sunday. 'Sat-Mon' goes over the end of the week.
  function daysOf(text) {
    var days = [false, false, false, false, false, false, false]
    text.split(',').forEach(function (part) {
      var ends = part.split('-')
      var last = dayOf(ends[ends.length - 1])
      for (var day = dayOf(ends[0]); ; day = (day + 1) % 7) {
        days[day] = true
        if (day === last) break
      }
    })
    return days
  }

  function minutesOf(hour, minute, text) {
    var minutes = Number(hour) * 60 + Number(minute)
    if (Number(minute) > 59 || minutes > 24 * 60) throw new Error('"' + text + '" has a time that no clock shows')
    return minutes
  }

  function spanOf(text) {
    var found = /^([A-Z][a-z]{2}(?:[-,][A-Z][a-z]{2})*) (\d\d):(\d\d)-(\d\d):(\d\d)$/.exec(text)
    if (!found) throw new Error('"' + text + '" is not written like Mon-Fri 06:00-18:00')
    var span = {
      days: daysOf(found[1]),
      from: minutesOf(found[2], found[3], text),
      to: minutesOf(found[4], found[5], text),
    }
    if (span.from === span.to) throw new Error('"' + text + '" begins and ends at the same time')
    return span
  }

  // {day, minutes} on the wall clock of a time zone.
  function wallClock(at, timeZone) {
    var shown = { timeZone: timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
    var parts = {}
    new Intl.DateTimeFormat('en-US', shown).formatToParts(at).forEach(function (part) {
      parts[part.type] = part.value
    })
    return { day: dayOf(parts.weekday), minutes: Number(parts.hour) * 60 + Number(parts.minute) }
  }

  // Hours over midnight belong to the day on which they begin: 'Fri 22:00-06:00' ends on Saturday.
  function contains(span, clock) {
    var before = span.days[(clock.day + 6) % 7]
    if (span.from < span.to) {
      return span.days[clock.day] && clock.minutes >= span.from && clock.minutes < span.to
    }
    return (span.days[clock.day] && clock.minutes >= span.from) || (before && clock.minutes < span.to)
  }

  function isOpen(texts, timeZone, at) {
    if (!Array.isArray(texts)) throw new Error('SIGN_IN_HOURS is no list')
    var spans = texts.map(spanOf)
    var clock = wallClock(at, timeZone)
    return spans.length === 0 || spans.some(function (span) {
      return contains(span, clock)
    })
  }

  // The bits of an address as a text of 0 and 1; undefined for what is no address. An IPv4 address within IPv6 is that
  // of IPv4.
  function bitsOf(text) {
    var mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)
    var plain = mapped ? mapped[1] : text
    if (/^\d{1,3}(\.\d{1,3}){3}$/.test(plain)) {
      return inBits(plain.split('.').map(Number), 8)
    }
    if (!/^[0-9a-f:]+$/i.test(plain) || plain.split('::').length > 2) return undefined
    var halves = plain.split('::').map(function (half) {
      return half === '' ? [] : half.split(':')
    })
    var missing = 8 - halves[0].length - (halves[1] || []).length
    if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
    var groups = halves[0]
    for (var i = 0; i < missing; i++) groups = groups.concat('0')
    return inBits(groups.concat(halves[1] || []).map(function (group) {
      return /^[0-9a-f]{1,4}$/i.test(group) ? parseInt(group, 16) : NaN
    }), 16)
  }

  function inBits(numbers, length) {
    var bits = ''
    for (var i = 0; i < numbers.length; i++) {
      if (!(numbers[i] >= 0 && numbers[i] < Math.pow(2, length))) return undefined
      bits += (Array(length + 1).join('0') + numbers[i].toString(2)).slice(-length)
    }
    return bits
  }

  function isWithin(address, network) {
    var parts = String(network).split('/')
    var bits = bitsOf(parts[0])
    if (bits === undefined || parts.length !== 2 || !/^\d{1,3}$/.test(parts[1]) || Number(parts[1]) > bits.length) {
      throw new Error('"' + network + '" is no network like 10.1.0.0/16')
    }
    var own = bitsOf(address)
    return own !== undefined && own.length === bits.length && own.slice(0, parts[1]) === bits.slice(0, parts[1])
  }

  // True where the address that the node saw is in one of the networks; a list that cannot be read trusts nobody.
  function isTrusted(address) {
    try {
      if (!Array.isArray(networks)) throw new Error('TRUSTED_NETWORKS is no list')
      // All of them are looked at, so that a mistake anywhere is no half of a rule.
      return networks.filter(function (network) {
        return isWithin(address, network)
      }).length > 0
    } catch (problem) {
      return false
    }
  }

  // Kilometres over the globe between two places in degrees.
  function distance(one, other) {
    var radians = Math.PI / 180
    var half = function (a, b) {
      return Math.pow(Math.sin(((b - a) * radians) / 2), 2)
    }
    var chord =
      half(one.latitude, other.latitude) +
      Math.cos(one.latitude * radians) * Math.cos(other.latitude * radians) * half(one.longitude, other.longitude)
    return 2 * 6371 * Math.asin(Math.min(1, Math.sqrt(chord)))
  }

  function demandArea() {
    var fits = ['latitude', 'longitude', 'radius_km'].every(function (name) {
      return typeof area[name] === 'number' && isFinite(area[name])
    })
    if (!fits) throw new Error('SIGN_IN_AREA needs the numbers latitude, longitude and radius_km')
  }

  // Why one may not sign in from there, for the person; '' where one may. The position is the client's word.
  function refusalOf(position) {
    if (area === null) return ''
    try {
      demandArea()
    } catch (problem) {
      return 'The area of signing in cannot be read, so nobody can sign in now.'
    }
    if (!position) return 'Signing in needs the position of the device.'
    return distance(area, position) <= area.radius_km ? '' : 'Signing in is possible at the plant only.'
  }

  function demandCountries() {
    if (!Array.isArray(countries)) throw new Error('it is no list')
    countries.forEach(function (country) {
      if (!/^[A-Z]{2}$/.test(country)) throw new Error('"' + country + '" is no country like DE')
    })
  }

  // Why one may not sign in from that address, for the person; '' where one may. A country that is not known is none.
  function refusalOfPlace(proven) {
    try {
      demandCountries()
    } catch (problem) {
      return 'The countries of signing in cannot be read, so nobody can sign in now.'
    }
    if (countries.length === 0 || isTrusted(proven.address)) return ''
    return countries.indexOf(proven.country) !== -1 ? '' : 'Signing in is not possible from where you are.'
  }

  function demandSecondFactors() {
    var order = typeof SECOND_FACTORS === 'undefined' ? [] : SECOND_FACTORS
    if (!Array.isArray(order)) throw new Error('it is no list')
    order.forEach(function (kind, index) {
      var known = ['passkey', 'totp', 'phone', 'recovery'].indexOf(kind) !== -1
      if (!known || order.indexOf(kind) !== index) throw new Error('"' + kind + '" is no second factor, or is there twice')
    })
  }

  function demandRemembering() {
    if (typeof remembered !== 'boolean') throw new Error('REMEMBERED_DEVICES is neither true nor false')
    if (!(rememberDays >= 1 && rememberDays <= 90 && rememberDays % 1 === 0)) {
      throw new Error('REMEMBER_DAYS is no whole number from 1 to 90')
    }
  }

  // For how many days a device is remembered; 0 where none is, and where that cannot be read.
  function daysToRemember() {
    try {
      demandRemembering()
    } catch (problem) {
      return 0
    }
    return remembered ? rememberDays : 0
  }

  // Why nobody may sign in at this moment, for the person; '' where one may.
  function refusal(at) {
    try {
      if (isOpen(hours, zone, at)) return ''
    } catch (problem) {
      return 'The hours of signing in cannot be read, so nobody can sign in now.'
    }
    return 'You can sign in ' + hours.join(', ') + ' (' + zone + ').'
  }

  function passwordIsEnough(roles) {
    if (!Array.isArray(passwordOnly) || roles.length === 0) return false
    return roles.every(function (role) {
      return passwordOnly.indexOf(role) !== -1
    })
  }

  // What is wrong with the constants, for the developer.
  function problems() {
    var found = []
    try {
      isOpen(hours, zone, new Date())
    } catch (problem) {
      found.push('SIGN_IN_HOURS or TIME_ZONE in ConstantsTwoFactor: ' + problem.message + '.')
    }
    if (!Array.isArray(passwordOnly)) found.push('PASSWORD_ONLY_ROLES in ConstantsTwoFactor is no list.')
    try {
      if (!Array.isArray(networks)) throw new Error('it is no list')
      networks.forEach(function (network) {
        isWithin('127.0.0.1', network)
      })
    } catch (problem) {
      found.push('TRUSTED_NETWORKS in ConstantsTwoFactor: ' + problem.message + '.')
    }
    try {
      if (area !== null) demandArea()
    } catch (problem) {
      found.push(problem.message + '.')
    }
    try {
      demandCountries()
    } catch (problem) {
      found.push('COUNTRIES in ConstantsTwoFactor: ' + problem.message + '.')
    }
    try {
      demandSecondFactors()
    } catch (problem) {
      found.push('SECOND_FACTORS in ConstantsTwoFactor: ' + problem.message + '.')
    }
    try {
      demandRemembering()
    } catch (problem) {
      found.push(problem.message + '.')
    }
    return found
  }

  return {
    isOpen: isOpen,
    refusal: refusal,
    refusalOf: refusalOf,
    refusalOfPlace: refusalOfPlace,
    daysToRemember: daysToRemember,
    isTrusted: isTrusted,
    passwordIsEnough: passwordIsEnough,
    // Whether any role is excused, and roles have to be looked up at all.
    excuses: Array.isArray(passwordOnly) && passwordOnly.length > 0,
    problems: problems,
  }
})()
