// When people may sign in, and for whom the password is enough, by the constants of ConstantsTwoFactor. A rule that
// cannot be read lets nobody in, and excuses nobody from the code.
var TwoFactorRules = (function () {
  var dayNames = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

  // A library that was edited before these constants came has none of them.
  var hours = typeof SIGN_IN_HOURS === 'undefined' ? [] : SIGN_IN_HOURS
  var zone = typeof TIME_ZONE === 'undefined' ? 'UTC' : TIME_ZONE
  var passwordOnly = typeof PASSWORD_ONLY_ROLES === 'undefined' ? [] : PASSWORD_ONLY_ROLES

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
    return found
  }

  return {
    isOpen: isOpen,
    refusal: refusal,
    passwordIsEnough: passwordIsEnough,
    // Whether any role is excused, and roles have to be looked up at all.
    excuses: Array.isArray(passwordOnly) && passwordOnly.length > 0,
    problems: problems,
  }
})()
