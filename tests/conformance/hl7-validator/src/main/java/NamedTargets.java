import ca.uhn.fhir.context.support.IValidationSupport;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.hl7.fhir.common.hapi.validation.validator.WorkerContextValidationSupportAdapter;
import org.hl7.fhir.r5.elementmodel.Element;
import org.hl7.fhir.r5.elementmodel.JsonParser;
import org.hl7.fhir.r5.model.CanonicalResource;
import org.hl7.fhir.r5.model.CanonicalType;
import org.hl7.fhir.r5.utils.validation.IResourceValidator;
import org.hl7.fhir.r5.utils.validation.IValidatorResourceFetcher;

/**
 * Targets of references as far as the reference names them: {@code Location/1} is a Location, and nothing else is known.
 *
 * <p>Their types are compared with what the profile allows; their content is not checked. Fetches nothing.
 */
final class NamedTargets implements IValidatorResourceFetcher {
  private static final Pattern NAMED = Pattern.compile("([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})");

  private final WorkerContextValidationSupportAdapter definitions;

  NamedTargets(IValidationSupport support) {
    definitions = WorkerContextValidationSupportAdapter.newVersionSpecificWorkerContextWrapper(support);
  }

  @Override
  public Element fetch(IResourceValidator validator, Object at, String url) {
    Matcher named = NAMED.matcher(url);
    if (!named.matches()) {
      return null;
    }
    String target = "{\"resourceType\":\"" + named.group(1) + "\",\"id\":\"" + named.group(2) + "\"}";
    try {
      return new JsonParser(definitions).parse(target, named.group(1), false);
    } catch (Exception unknown) {
      return null; // no such type: the validator says so by itself
    }
  }

  @Override
  public boolean resolveURL(
      IResourceValidator validator,
      Object at,
      String path,
      String url,
      String type,
      boolean canonical,
      List<CanonicalType> targets) {
    return true;
  }

  @Override
  public byte[] fetchRaw(IResourceValidator validator, String url) {
    return new byte[0];
  }

  @Override
  public IValidatorResourceFetcher setLocale(Locale locale) {
    return this;
  }

  @Override
  public CanonicalResource fetchCanonicalResource(IResourceValidator validator, Object at, String url) {
    return null;
  }

  @Override
  public boolean fetchesCanonicalResource(IResourceValidator validator, String url) {
    return false;
  }

  @Override
  public Set<ResourceVersionInformation> fetchCanonicalResourceVersions(
      IResourceValidator validator, Object at, String url) {
    return Set.of();
  }
}
