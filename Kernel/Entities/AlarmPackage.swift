// The package `alarms` of whisk.system, whose feeds the kernel does itself. It is there from the boot on and cannot be changed.

import Actions
import Base
import Bytes

extension EntityStore {
  private static var packageName: StaticString { "alarms" }
  /// Actions that the kernel does itself.
  public static var builtInActions: Int { 3 }

  /// Actions that were deployed.
  public var deployedActions: Int { max(0, actions.count &- Self.builtInActions) }

  /// Whether `path`, in whisk.system, is the name of the package or of something in it.
  public static func isBuiltIn(_ path: Span<UInt8>) -> Bool {
    path.equals(packageName) || EntityName.isPath(path, in: packageName.bytes)
  }

  /// Enters the package and its feeds, in the namespace whisk.system, at boot; false where memory is out.
  @_optimize(size) @inline(never)
  public mutating func insertAlarms(namespace: UInt16, at milliseconds: UInt64) -> Bool {
    do throws(EntityTableError) {
      let package = Self.change(
        "[{\"key\":\"description\",\"value\":\"Alarms and periodic utility\"},{\"key\":\"parameters\",\"value\":[{\"name\":\"trigger_payload\",\"required\":false}]}]",
        isPublished: true)
      _ = try put(package: Self.packageName.bytes, namespace: namespace, boundNamespace: nil, package, at: milliseconds)
      let alarm = Self.change(
        "[{\"key\":\"description\",\"value\":\"Fire trigger when alarm occurs\"},{\"key\":\"parameters\",\"value\":[{\"name\":\"cron\",\"required\":true},{\"name\":\"startDate\",\"required\":false},{\"name\":\"stopDate\",\"required\":false}]},{\"key\":\"feed\",\"value\":true}]")
      try insert(.alarm, "alarms/alarm", namespace, alarm, milliseconds)
      let once = Self.change(
        "[{\"key\":\"description\",\"value\":\"Fire trigger once when alarm occurs\"},{\"key\":\"parameters\",\"value\":[{\"name\":\"date\",\"required\":true},{\"name\":\"deleteAfterFire\",\"required\":false}]},{\"key\":\"feed\",\"value\":true}]")
      try insert(.once, "alarms/once", namespace, once, milliseconds)
      let interval = Self.change(
        "[{\"key\":\"description\",\"value\":\"Fire trigger at specified interval\"},{\"key\":\"parameters\",\"value\":[{\"name\":\"minutes\",\"required\":true},{\"name\":\"startDate\",\"required\":false},{\"name\":\"stopDate\",\"required\":false}]},{\"key\":\"feed\",\"value\":true}]")
      try insert(.interval, "alarms/interval", namespace, interval, milliseconds)
      return true
    } catch {
      return false
    }
  }

  private mutating func insert(
    _ feed: AlarmFeed, _ name: StaticString, _ namespace: UInt16, _ change: consuming EntityChange, _ milliseconds: UInt64
  ) throws(EntityTableError) {
    var record = ActionRecord(
      instance: InstanceID(index: .max, generation: 0), limits: ActionLimits(), isPublic: false, updatedMilliseconds: milliseconds, size: 0)
    record.isFeed = true
    record.isCold = false
    record.builtIn = feed
    _ = try insert(action: name.bytes, namespace: namespace, record, change)
  }

  private static func change(_ annotations: StaticString, isPublished: Bool? = nil) -> EntityChange {
    var text = ByteBuffer()
    var change = EntityChange()
    // Without them the feeds are not described, and work all the same.
    if text.append(annotations) { change.annotations = consume text }
    change.isPublished = isPublished
    return change
  }
}
