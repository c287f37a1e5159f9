import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.maven.artifact.versioning.Restriction;
import org.apache.maven.artifact.versioning.VersionRange;
import org.apache.maven.model.*;
import org.apache.maven.model.building.*;
import org.apache.maven.model.resolution.ModelResolver;

/**
 * Prints what Maven's own model builder reads in one pom.xml: a line for each thing that is asked for, with its kind,
 * group, artifact and version, parted by tabs. No version stands where the file alone leaves it open: parents and
 * imported BOMs, which are other files, are taken for empty.
 */
class Pom implements ModelResolver {
    private static final ModelBuilder BUILDER = new DefaultModelBuilderFactory().newInstance();
    // The lines at which told things stand, for what is outside of profiles is there with each of them.
    private static final Set<Integer> TOLD = new HashSet<>();
    private static String own;

    public static void main(String[] arguments) throws Exception {
        String text = Files.readString(Path.of(arguments[0]));
        List<String> profiles = new ArrayList<>();
        for (Profile it : BUILDER.buildRawModel(new File(arguments[0]), 0, false).get().getProfiles()) {
            profiles.add(it.getId());
        }
        tell(text, profiles, null);
        for (String profile : profiles) {
            tell(text, profiles, profile);
        }
    }

    private static void tell(String text, List<String> profiles, String active) throws Exception {
        List<String> others = new ArrayList<>(profiles);
        others.remove(active);
        ModelBuildingRequest request = new DefaultModelBuildingRequest();
        request.setModelSource(new StringModelSource(text)).setModelResolver(new Pom()).setLocationTracking(true);
        request.setTwoPhaseBuilding(true).setValidationLevel(ModelBuildingRequest.VALIDATION_LEVEL_MINIMAL);
        request.setInactiveProfileIds(others).setActiveProfileIds(active == null ? List.of() : List.of(active));
        // The first phase puts properties in, the second what is managed.
        ModelBuildingResult first = BUILDER.build(request);
        Model model = first.getEffectiveModel();
        own = first.getModelIds().get(0);
        if (active == null) {
            print("root", model.getGroupId(), model.getArtifactId(), model.getVersion());
            Parent parent = first.getRawModel().getParent();
            if (parent != null) {
                print("parent", parent.getGroupId(), parent.getArtifactId(), parent.getVersion());
            }
        }
        if (model.getDependencyManagement() != null) {
            for (Dependency it : model.getDependencyManagement().getDependencies()) {
                if ("import".equals(it.getScope())) {
                    tell("bom", it, it.getGroupId(), it.getArtifactId(), it.getVersion());
                }
            }
        }
        if (model.getBuild() != null) {
            tell(model.getBuild().getPlugins());
            if (model.getBuild().getPluginManagement() != null) {
                tell(model.getBuild().getPluginManagement().getPlugins());
            }
            for (Extension it : model.getBuild().getExtensions()) {
                tell("extension", it, it.getGroupId(), it.getArtifactId(), it.getVersion());
            }
        }
        if (model.getReporting() != null) {
            for (ReportPlugin it : model.getReporting().getPlugins()) {
                if (it.getVersion() != null) {
                    tell("plugin", it, it.getGroupId(), it.getArtifactId(), it.getVersion());
                }
            }
        }
        try {
            model = BUILDER.build(request, first).getEffectiveModel();
        } catch (ModelBuildingException error) {
            model = error.getModel(); // versions are missing, which parents and BOMs have
        }
        for (Dependency it : model.getDependencies()) {
            tell("dependency", it, it.getGroupId(), it.getArtifactId(), it.getVersion());
        }
    }

    private static void tell(List<Plugin> plugins) throws Exception {
        for (Plugin it : plugins) {
            // The POM that is above all gives some plugins a version.
            if (it.getVersion() != null && isOwn(it.getLocation("version"))) {
                tell("plugin", it, it.getGroupId(), it.getArtifactId(), it.getVersion());
            }
            for (Dependency of : it.getDependencies()) {
                tell("of a plugin", of, of.getGroupId(), of.getArtifactId(), of.getVersion());
            }
        }
    }

    /** Prints what stands in the file itself. */
    private static void tell(String kind, InputLocationTracker it, String group, String artifact, String version)
            throws Exception {
        InputLocation at = it.getLocation("");
        if (isOwn(at) && TOLD.add(at.getLineNumber())) {
            print(kind, group, artifact, version);
        }
    }

    private static boolean isOwn(InputLocation at) {
        return at.getSource().getModelId().equals(own);
    }

    private static void print(String kind, String group, String artifact, String version) throws Exception {
        System.out.println(String.join("\t", kind, group, artifact, exact(version)));
    }

    private static String exact(String version) throws Exception {
        if (version == null || version.contains("${") || version.equals("LATEST") || version.equals("RELEASE")) {
            return "";
        }
        VersionRange range = VersionRange.createFromVersionSpec(version);
        if (range.getRecommendedVersion() != null) {
            return version;
        }
        List<Restriction> all = range.getRestrictions();
        Object lower = all.get(0).getLowerBound();
        return all.size() == 1 && lower != null && lower.equals(all.get(0).getUpperBound()) ? lower.toString() : "";
    }

    @Override
    public ModelSource resolveModel(String group, String artifact, String version) {
        String named = "<groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version>";
        String model = "<project><modelVersion>4.0.0</modelVersion>" + named + "<packaging>pom</packaging></project>";
        return new StringModelSource(String.format(model, group, artifact, version));
    }

    @Override
    public ModelSource resolveModel(Parent it) {
        return resolveModel(it.getGroupId(), it.getArtifactId(), it.getVersion());
    }

    @Override
    public ModelSource resolveModel(Dependency it) {
        return resolveModel(it.getGroupId(), it.getArtifactId(), it.getVersion());
    }

    @Override
    public void addRepository(Repository repository) {}

    @Override
    public void addRepository(Repository repository, boolean replace) {}

    @Override
    public ModelResolver newCopy() {
        return this;
    }
}
