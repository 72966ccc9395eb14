// Hours of the day, 0 to 23, in UTC. A shift from 22 to 6 runs over midnight.
var ShiftHours = {
  now: function () {
    return new Date().getUTCHours()
  },
  contains: function (from, to, hour) {
    if (from === to) return true
    return from < to ? hour >= from && hour < to : hour >= from || hour < to
  },
}
