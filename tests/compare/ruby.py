"""Ruby: Bundler."""

from graph import PROJECT, TOOLS, Graph, json_of

BUNDLER_SCRIPT = """
ENV["BUNDLE_GEMFILE"] = File.join(File.dirname(ARGV[0]), "Gemfile")
lock = Bundler::LockfileParser.new(File.read(ARGV[0]))
gems = lock.specs.group_by(&:name)
# The lock does not list Bundler, but says which one stands for the gem of that name.
itself = Bundler::LazySpecification.new("bundler", lock.bundler_version, nil)
gems["bundler"] ||= lock.bundler_version ? [itself] : []
general = Gem::Platform::RUBY
# Bundler 2.7 and later have it in another module.
chooser = [:MatchPlatform, :GemHelpers].map { |name| Bundler.const_get(name) rescue nil }
  .find { |one| one.respond_to?(:select_best_platform_match) }
build = ->(gem) { [gem.name, gem.platform == general ? gem.version.to_s : "#{gem.version}-#{gem.platform}"] }
packages, edges = lock.specs.map(&build), []
lock.platforms.each do |platform|
  answers = ->(name) { chooser.select_best_platform_match(gems.fetch(name, []), platform) }
  todo, seen = [[nil, lock.dependencies.keys]], {}
  while (above, names = todo.pop)
    names.flat_map(&answers).each do |gem|
      edges << [above, build[gem]]
      packages << build[gem]
      todo << [build[gem], gem.dependencies.map(&:name)] unless seen.key?(gem)
      seen[gem] = true
    end
  end
end
own = lock.specs.select { |gem| gem.source.instance_of?(Bundler::Source::Path) && gem.source.path.to_s == "." }
puts JSON.generate(packages: packages.uniq, edges: edges.uniq, own: own.map(&build))
"""


def bundler_truth(lockfile):
    """Bundler's own reader of the lock, and its choice of the build that answers a name on each platform of the lock.

    The version of a build for one platform has the platform behind it, as in the lock. What the Gemfile asks for is
    below the project itself.
    """
    answer = json_of([*TOOLS["ruby"], "-rbundler", "-rjson", "-e", BUNDLER_SCRIPT, lockfile.resolve()], lockfile.parent)
    truth = Graph(source="Bundler's LockfileParser", packages={PROJECT, *map(tuple, answer["packages"])})
    for above, below in answer["edges"]:
        truth.edge(tuple(above) if above else PROJECT, tuple(below))
    for gem in map(tuple, answer["own"]):
        truth.maybe[PROJECT, gem] = "a gem in the project's own folder is the project, not what it asks for"
    return truth
